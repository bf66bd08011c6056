package webhook

import (
	"io"
	"log"
	"net/http"
	"time"
)

// Handler verifies each request with key, and gives the body of what was signed to handle. Use it as
// http.Handle("/calls", webhook.Handler(os.Getenv("WEBHOOK_SECRET"), handleEvent)).
func Handler(key string, handle func(id string, event []byte) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("webhook-id")
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 2<<20))
		if err == nil {
			err = Verify(key, r.Header.Get, body, time.Now())
		}
		if err == nil {
			err = handle(id, body)
		}
		switch err {
		case nil:
			w.WriteHeader(http.StatusOK)
		case ErrHeaders, ErrTimestamp, ErrSignature:
			log.Printf("webhook refused %s: %v", id, err)
			http.Error(w, err.Error(), http.StatusUnauthorized)
		default:
			log.Printf("event not handled %s: %v", id, err)
			w.WriteHeader(http.StatusInternalServerError) // Ringback sends it again
		}
	})
}
