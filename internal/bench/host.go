package bench

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// guarded answers only requests that name this machine by a loopback name, or
// by the issuer's. A web page can have its own name resolved to 127.0.0.1 and
// then reads answers as its own (DNS rebinding); the Host header is where that
// shows. A request without a port is taken as well: openssl ocsp sends one.
func guarded(h http.Handler, port int, issuer string) http.Handler {
	names := []string{"localhost", loopback, "::1"}
	if u, err := url.Parse(issuer); err == nil && u.Hostname() != "" {
		names = append(names, strings.ToLower(u.Hostname()))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, atPort := splitHost(r.Host)
		if slices.Contains(names, name) && (atPort == "" || atPort == strconv.Itoa(port)) {
			h.ServeHTTP(w, r)
			return
		}
		text := fmt.Sprintf("kazasu: this request is for host %q, but only localhost:%d is here.\n"+
			"A bench answers to loopback names alone, so that no web page can read it under a name of its own.\n", r.Host, port)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.Error(w, text, http.StatusMisdirectedRequest)
	})
}

// splitHost is the name in lower case, without brackets, and the port or "".
func splitHost(host string) (name, port string) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), ""
	}
	return strings.ToLower(name), port
}
