"""Writes the golden values of the BPE tests with Hugging Face's tokenizers (0.23.3).

From the root of the project, where ../shared/data has tiny Shakespeare:

    python tokenizer/testdata/golden.py [OURS]

gpt2.json and cl100k.json are byte-level BPEs trained on it with the expressions
of GPT-2 and cl100k, golden.json what they make of some texts. With OURS, a
tokenizer.json that descent wrote, it checks instead that it is read and gives
the tokens of gpt2.json.
"""

import json
import sys
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

TEXTS = [
    "", " ", "a", "  ", "\n", "\n\n", " \n", "\n ", "a  b", "a   b", "a \n b", "a\n\n\nb", "a\t\tb", "a \t b ", "   leading", "trailing   ",
    "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.\n",
    "I'm you're he's she'd they'll we've don't it'S I'M YOU'RE WE'VE o'clock 'tis ''s '' ' 'll'd",
    "don’t “quote” — dash… €100 £5 ½ x² ①②③ Ⅷ",
    "12345 1,234.56 3.14159 2006-01-31 0x1F 1234567890123 ١٢٣٤٥",
    "Grüße, Äpfel, naïve café, Ελληνικά, Русский текст, עברית, العربية, हिन्दी, ไทย",
    "日本語のテキスト、中文文本。한국어 텍스트",
    "emoji 😀👍🏽 👩‍👩‍👧‍👦 🇩🇪 ❤️",
    "combining e\u0301 a\u0308 n\u0303 \u200b zero\u200dwidth \ufeff bom",
    "nbsp\u00a0here \u2003em\u2003\u2003space\u3000wide \u2028line\u2029para \u0085 nel",
    "a\r\nb\r\n\r\nc\rd \r\n e", "tabs\tand\x0bvertical\x0cfeed", "\x00\x01\x7f control",
    "<|endoftext|>", "a<|endoftext|>b", "a <|endoftext|> <|endoftext|>b<|endoftext|", "<|endoftext|><|endoftext|>\n",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa thethethethethe ererererer",
    "!!! ... ?!?! --- *** ((nested)) [x] {y} a_b_c snake_case CamelCase foo.bar(baz) // $x = 3; #!/bin/sh",
    "ǅ ʰ ª º ﬁ ß ẞ İ ı ſ 'ſ 'K Kelvin K", "mixed123abc 9lives C3PO R2-D2 4 8 15 16 23 42 007",
    "The quick brown fox jumps over the lazy dog. " * 3,
]


def train(pre, text):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator([text], trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_special_tokens(["<|endoftext|>"])
    return t


def main():
    here = Path(__file__).parent
    if len(sys.argv) > 1:
        ours, theirs = Tokenizer.from_file(sys.argv[1]), Tokenizer.from_file(str(here / "gpt2.json"))
        for text in TEXTS:
            assert ours.encode(text).ids == theirs.encode(text).ids, text
            assert ours.decode(ours.encode(text).ids, skip_special_tokens=False) == text, text
        print("the same", ours.get_vocab_size(), "tokens")
        return
    text = Path("../shared/data/tinyshakespeare/input.txt").read_text()
    split = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(CL100K), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    golden = {"texts": TEXTS}
    for name, pre in [("gpt2", pre_tokenizers.ByteLevel(add_prefix_space=False)), ("cl100k", split)]:
        t = train(pre, text)
        t.save(str(here / f"{name}.json"), pretty=False)
        golden[name] = [t.encode(s).ids for s in TEXTS]
    (here / "golden.json").write_text(json.dumps(golden))


if __name__ == "__main__":
    main()
