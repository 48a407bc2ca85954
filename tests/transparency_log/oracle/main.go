// A second opinion on our proofs and notes, by the code behind Go's checksum database (golang.org/x/mod/sumdb).
// Reads a JSON array of claims, writes a JSON array of true and false. TileHashReader is not used: see CVE-2026-56865.
package main

import (
	"encoding/hex"
	"encoding/json"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type claim struct {
	Kind    string
	Index   int64
	Old     int64
	Size    int64
	Leaf    string
	OldRoot string
	Root    string
	Path    []string
	Note    string
	Key     string
	Text    string
}

func hash(text string) (h tlog.Hash) {
	data, err := hex.DecodeString(text)
	if err != nil || copy(h[:], data) != tlog.HashSize {
		panic("a claim without a hash")
	}
	return h
}

func holds(c claim) bool {
	var path []tlog.Hash
	for _, step := range c.Path {
		path = append(path, hash(step))
	}
	switch c.Kind {
	case "inclusion":
		return tlog.CheckRecord(path, c.Size, hash(c.Root), c.Index, hash(c.Leaf)) == nil
	case "consistency":
		return tlog.CheckTree(path, c.Size, hash(c.Root), c.Old, hash(c.OldRoot)) == nil
	case "note":
		verifier, err := note.NewVerifier(c.Key)
		if err != nil {
			return false
		}
		opened, err := note.Open([]byte(c.Note), note.VerifierList(verifier))
		return err == nil && opened.Text == c.Text
	}
	panic("an unknown kind of claim")
}

func main() {
	var claims []claim
	if err := json.NewDecoder(os.Stdin).Decode(&claims); err != nil {
		panic(err)
	}
	answers := []bool{}
	for _, c := range claims {
		answers = append(answers, holds(c))
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		panic(err)
	}
}
