package testca

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// ocspRequestMax bounds the body of an OCSP request; one certificate takes
// about a hundred bytes.
const ocspRequestMax = 64 << 10

// ocspPath is where the responder answers: POST there, GET below it.
const ocspPath = "/auth/ocsp"

// Handler answers for the CA:
//
//	GET  /auth/ca.cer, /sign/ca.cer   the CA's certificate, application/pkix-cert
//	GET  /auth/crl, /sign/crl         the list, application/pkix-crl, with an ETag
//	POST /auth/ocsp                   RFC 6960 appendix A.1
//	GET  /auth/ocsp/{request}         the same, in base64 and URL encoding
//	GET  /text/key.pem                the root key of 券面事項入力補助AP's CV certificates, PKIX in PEM
//	GET  /face/key.pem                the same of 券面事項確認AP
//	GET  /card/key.pem                the same of the card itself
func (c *CA) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, f := range Families() {
		mux.HandleFunc("GET /"+string(f)+"/ca.cer", func(w http.ResponseWriter, r *http.Request) {
			serve(w, r, "application/pkix-cert", c.Certificate(f).Raw)
		})
		mux.HandleFunc("GET /"+string(f)+"/crl", func(w http.ResponseWriter, r *http.Request) {
			der, err := c.CRL(f)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			serve(w, r, "application/pkix-crl", der)
		})
	}
	for name, root := range map[string]*rsa.PublicKey{"text": c.TextRoot(), "face": c.FaceRoot(), "card": c.CardRoot()} {
		mux.HandleFunc("GET /"+name+"/key.pem", func(w http.ResponseWriter, r *http.Request) {
			der, err := x509.MarshalPKIXPublicKey(root)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			serve(w, r, "application/x-pem-file", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Before the mux: it would tidy the slashes of base64 up.
		if r.URL.Path == ocspPath || strings.HasPrefix(r.URL.Path, ocspPath+"/") {
			c.serveOCSP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// serve answers with content, or 304 to who has it already.
func serve(w http.ResponseWriter, r *http.Request, contentType string, content []byte) {
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(content))
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Write(content)
}

func (c *CA) serveOCSP(w http.ResponseWriter, r *http.Request) {
	if c.Faults().OCSPDown {
		http.Error(w, "the responder is down", http.StatusServiceUnavailable)
		return
	}
	request, status, err := readOCSP(w, r)
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	der, err := c.ocspAnswer(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/ocsp-response")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write(der)
}

// readOCSP takes the request out of body or path. What is no base64 is a
// malformed request, to be answered as one.
func readOCSP(w http.ResponseWriter, r *http.Request) (der []byte, status int, err error) {
	switch r.Method {
	case http.MethodGet:
		encoded := strings.TrimPrefix(strings.TrimPrefix(r.URL.EscapedPath(), ocspPath), "/")
		if text, err := url.PathUnescape(encoded); err == nil {
			der, _ = base64.StdEncoding.DecodeString(text)
		}
		return der, http.StatusOK, nil
	case http.MethodPost:
		der, err = io.ReadAll(http.MaxBytesReader(w, r.Body, ocspRequestMax))
		if err != nil {
			return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("reading OCSP request: %w", err)
		}
		return der, http.StatusOK, nil
	}
	w.Header().Set("Allow", "GET, POST")
	return nil, http.StatusMethodNotAllowed, fmt.Errorf("OCSP is asked by GET or POST")
}
