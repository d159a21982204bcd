// Package pad makes messages longer, each differently, so that no compression makes them short again.
package pad

import (
	"crypto/rand"
	"encoding/hex"
	"log"
	"os"
	"strconv"
)

// More is " x" and twice as many characters as the environment's PAD says; nothing without it.
func More() string {
	text, set := os.LookupEnv("PAD")
	if !set {
		return ""
	}
	size, err := strconv.Atoi(text)
	if err != nil {
		log.Fatal(err)
	}
	random := make([]byte, size)
	_, _ = rand.Read(random) // never fails
	return " x" + hex.EncodeToString(random)
}
