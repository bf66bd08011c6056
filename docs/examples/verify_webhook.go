// Package webhook verifies webhooks signed as Standard Webhooks 1.0 says: Go 1.19 or newer, nothing to
// install.
package webhook

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

const tolerance = 5 * time.Minute

var (
	ErrHeaders   = errors.New("a webhook header is missing")
	ErrTimestamp = errors.New("the timestamp is too old or too new")
	ErrSignature = errors.New("no signature fits: not the raw body, or another secret")
	ErrKey       = errors.New("the key must be whsec_ or whpk_ and base64")
)

// Verify returns nil when the request was signed with key, lately: a secret (whsec_...) or a public
// key (whpk_...). header gives a header's value (r.Header.Get); body is the raw body.
func Verify(key string, header func(name string) string, body []byte, now time.Time) error {
	id, timestamp := header("webhook-id"), header("webhook-timestamp")
	signatures := header("webhook-signature")
	if id == "" || timestamp == "" || signatures == "" {
		return ErrHeaders
	}
	// An old request that somebody recorded must not be accepted again.
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return ErrTimestamp
	}
	isRight, err := verifier(key)
	if err != nil {
		return err
	}
	content := bytes.Join([][]byte{[]byte(id), []byte(timestamp), body}, []byte("."))
	// While a secret is changed there is one signature for the old and one for the new.
	for _, versioned := range strings.Split(signatures, " ") {
		version, encoded, _ := strings.Cut(versioned, ",")
		signature, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && isRight(version, content, signature) {
			return nil
		}
	}
	return ErrSignature
}

func verifier(key string) (func(version string, content, signature []byte) bool, error) {
	prefix, encoded, _ := strings.Cut(key, "_")
	bytes, err := base64.StdEncoding.DecodeString(encoded)
	switch {
	case err == nil && prefix == "whsec" && len(bytes) > 0:
		return func(version string, content, signature []byte) bool {
			mac := hmac.New(sha256.New, bytes)
			mac.Write(content)
			// hmac.Equal takes the same time however much of a guess is right.
			return version == "v1" && hmac.Equal(signature, mac.Sum(nil))
		}, nil
	case err == nil && prefix == "whpk" && len(bytes) == ed25519.PublicKeySize:
		return func(version string, content, signature []byte) bool {
			return version == "v1a" && ed25519.Verify(bytes, content, signature)
		}, nil
	default:
		return nil, ErrKey
	}
}
