package page

// style is the look of a page. Colors of series are those of Okabe and Ito,
// which people tell apart however they see colors.
const style = `
:root{color-scheme:light dark;--fg:#1d2021;--dim:#5c6166;--line:#d5d8da;--bg:#fdfdfc;--soft:#f1f2f0;--c0:#0068a8;--c1:#b84f00;--c2:#00785a;--c3:#9d4a80;--c4:#77690a;--c5:#2383bd;--c6:#5f4bb0;--c7:#54595d;--heat:0,104,168}
@media(prefers-color-scheme:dark){:root{--fg:#e4e6e3;--dim:#a2a8ab;--line:#3c4144;--bg:#16181a;--soft:#212427;--c0:#56b4e9;--c1:#e69f00;--c2:#2fbf96;--c3:#dd95c0;--c4:#f0e442;--c5:#9dc3ff;--c6:#b9a6f7;--c7:#c4c8ca;--heat:86,180,233}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:58rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:0 0 .6rem;padding-top:1.6rem;border-top:1px solid var(--line)}
section{margin-top:2.2rem}
p{margin:.4rem 0 1rem;max-width:44rem;overflow-wrap:anywhere}
.sub,footer,nav,.cap,caption,small{color:var(--dim)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:1.2rem 1.6rem;margin:1.8rem 0}
.facts dt{font-size:.85rem;color:var(--dim)}
.facts dd{margin:0}
.facts b{display:block;font-size:1.6rem;line-height:1.25;font-weight:600}
small{font-size:.8rem;display:block;line-height:1.35}
nav{font-size:.9rem;margin:1.2rem 0}
nav a{margin-right:.9rem;white-space:nowrap}
a{color:var(--c0)}
.scroll{overflow-x:auto;margin:.6rem 0 1.2rem}
table{border-collapse:collapse;font-size:.92rem}
caption{text-align:left;padding-bottom:.35rem;font-size:.9rem}
th,td{text-align:left;padding:.28rem 1.3rem .28rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}
td:first-child{white-space:nowrap}
.n{text-align:right;white-space:nowrap}
figure{margin:.8rem 0 1.6rem}
figcaption{font-size:.92rem;color:var(--dim);margin-bottom:.2rem}
svg{display:block;overflow:visible;width:100%;height:auto;max-width:46rem}
svg text{font:14px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--dim)}
svg .v{fill:var(--fg)}
svg .grid{stroke:var(--line);stroke-width:1}
svg .axis{stroke:var(--dim);stroke-width:1}
svg .mark{stroke:var(--dim);stroke-width:1;stroke-dasharray:2 4}
.s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}.s4{stroke:var(--c4)}.s5{stroke:var(--c5)}.s6{stroke:var(--c6)}.s7{stroke:var(--c7)}
.f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.f5{fill:var(--c5)}.f6{fill:var(--c6)}.f7{fill:var(--c7)}
path.s{fill:none;stroke-width:2;stroke-linejoin:round}
path.quiet{stroke:var(--dim);stroke-width:1;opacity:.6}.still{fill:var(--dim);opacity:.6}
.d0{stroke-dasharray:none}.d1{stroke-dasharray:7 4}.d2{stroke-dasharray:2 3}.d3{stroke-dasharray:9 3 2 3}.d4{stroke-dasharray:12 4}.d5{stroke-dasharray:4 2}.d6{stroke-dasharray:6 2 2 2 2 2}.d7{stroke-dasharray:1 4}
details{margin:.2rem 0 1rem;font-size:.92rem}
summary{cursor:pointer;color:var(--dim)}
pre{background:var(--soft);padding:.9rem 1rem;overflow-x:auto;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:.5rem 0}
.m td,.m th{padding:.3rem .5rem;border:0;text-align:right;font-size:.88rem;line-height:1.25}
.m th:first-child{text-align:left;padding-left:0;position:sticky;left:0;background:var(--bg);white-space:nowrap;max-width:15rem;overflow:hidden;text-overflow:ellipsis}
.m td{min-width:3.4rem}
.m small{font-size:.74rem;color:inherit;opacity:.8}
.m .z{color:var(--dim);opacity:.55}
.standing thead th{vertical-align:bottom}
.standing thead span{writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap;font-weight:400}
.h{fill:none;stroke:rgb(var(--heat));stroke-width:1}
.sheet{display:grid;grid-template-columns:repeat(auto-fill,minmax(7.6rem,1fr));gap:1.3rem 1rem;margin:.6rem 0 1.6rem}
.sheet figure{margin:0;min-width:0}
.sheet img{display:block;background:var(--soft);margin-bottom:.35rem}
.px{image-rendering:pixelated}
.sheet figcaption{font-size:.85rem;line-height:1.35;overflow-wrap:anywhere;color:var(--fg)}
.sheet b{display:block;font-weight:600}
.sheet small{font-size:.74rem}
footer{margin-top:3rem;font-size:.85rem;border-top:1px solid var(--line);padding-top:.8rem}
@media(max-width:34rem){main{padding:1.2rem .9rem 3rem}svg text{font-size:21px}h1{font-size:1.5rem}td:first-child{white-space:normal}.sheet{grid-template-columns:repeat(auto-fill,minmax(6.9rem,1fr))}.m th:first-child{max-width:7.5rem;white-space:normal;overflow-wrap:break-word}}
@media print{details{display:none}body{background:#fff}}
`
