// Prints klauspost-parity.json: parity that github.com/klauspost/reedsolomon makes with its Cauchy matrix, over data that anyone can
// make again. erasure-code.test.ts holds our code against it. In an empty folder with this file:
//
//	go mod init parity && go get github.com/klauspost/reedsolomon@v1.14.2 && go run . > klauspost-parity.json
package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/klauspost/reedsolomon"
)

const (
	library = "github.com/klauspost/reedsolomon"
	// Longer than two of our kernel's blocks, and no multiple of its vectors.
	length = 20_003
	shown  = 32
)

type Fragment struct {
	Sha256 string `json:"sha256"`
	// The first bytes, so that a difference can be looked at.
	First string `json:"first"`
}

type Case struct {
	K      int        `json:"k"`
	N      int        `json:"n"`
	Parity []Fragment `json:"parity"`
}

type Document struct {
	Library string `json:"library"`
	Version string `json:"version"`
	Sum     string `json:"sum"`
	Matrix  string `json:"matrix"`
	Length  int    `json:"length"`
	Cases   []Case `json:"cases"`
}

func main() {
	document := Document{Library: library, Matrix: "WithCauchyMatrix", Length: length}
	document.Version, document.Sum = linked()
	for _, scheme := range [][2]int{{4, 7}, {2, 3}, {3, 5}, {10, 16}, {32, 64}} {
		document.Cases = append(document.Cases, parityOf(scheme[0], scheme[1]))
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	must(encoder.Encode(document))
}

func parityOf(k, n int) Case {
	code, err := reedsolomon.New(k, n-k, reedsolomon.WithCauchyMatrix())
	must(err)
	fragments := make([][]byte, n)
	for slot := range fragments {
		fragments[slot] = make([]byte, length)
		if slot < k {
			fragments[slot] = bytesNamed("erasure " + strconv.Itoa(k) + " of " + strconv.Itoa(n) + " data " + strconv.Itoa(slot))
		}
	}
	must(code.Encode(fragments))
	made := Case{K: k, N: n}
	for _, fragment := range fragments[k:] {
		digest := sha256.Sum256(fragment)
		made.Parity = append(made.Parity, Fragment{hex.EncodeToString(digest[:]), hex.EncodeToString(fragment[:shown])})
	}
	return made
}

// AES-256-CTR from zero under the SHA-256 of the name, as bytesNamed in ../vectors/vector-data.ts.
func bytesNamed(name string) []byte {
	key := sha256.Sum256([]byte(name))
	block, err := aes.NewCipher(key[:])
	must(err)
	bytes := make([]byte, length)
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(bytes, bytes)
	return bytes
}

// The version and checksum of the library in this program.
func linked() (version, sum string) {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == library {
			return module.Version, module.Sum
		}
	}
	panic(library + " is not linked")
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
