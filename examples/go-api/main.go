// An API whose tokens are issued by Sekisho: no call per request, and a revoked token is refused within a second.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	sekisho "sekisho.example/sdk/go"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	verifier, err := sekisho.New(sekisho.OptionsFromEnv())
	if err != nil {
		return err
	}
	defer verifier.Close()

	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		say(w, http.StatusOK, map[string]string{"hello": "world"})
	})
	routes.Handle("GET /notes", verifier.Require("read:notes")(http.HandlerFunc(notes)))
	routes.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		status := verifier.Status()
		code := http.StatusServiceUnavailable
		if status.Ready {
			code = http.StatusOK
		}
		say(w, code, status)
	})

	listener, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3001"))
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())

	stop, done := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer done()
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(stop, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func notes(w http.ResponseWriter, r *http.Request) {
	say(w, http.StatusOK, map[string]string{"sub": sekisho.FromContext(r.Context()).Subject})
}

func say(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
