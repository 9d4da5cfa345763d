// Package checkpoint reads and writes the files that hold a model or the state
// of a run.
//
// Every file is in the safetensors format of Hugging Face: eight bytes with the
// length of a JSON header, the header, and the elements of all tensors, little
// endian and row-major. So any file opens in Python:
//
//	safetensors.torch.load_file("update-0000000100.safetensors")["0.weight"]
//
// Three kinds of file share it:
//
//   - A plain file (WriteTensors, ReadTensors) exchanges weights with others.
//   - A checkpoint (Write, Read, Dir) holds a State: all that a run needs to
//     continue to the same bits.
//   - A model file (WriteModel, ReadModel) is the one file to deploy.
//
// The last two are sealed: their metadata begins with the SHA-256 of the whole
// file, computed with its own 64 digits read as zeros. A file that is cut, that
// lost a bit or that bears another file's name is refused, with an error that
// says which: see ErrTruncated and its neighbours.
//
// All writes are atomic and durable: a temporary file in the same directory,
// fsync, rename, fsync of the directory. Whatever happens, the path holds the
// old file or the new one.
//
// Files hold PyTorch's layouts, engines their own: ToFile and FromFile are the
// border. Tensors are read straight into their final memory.
package checkpoint
