package bench

import (
	"slices"
)

// issuerPath is the service's realm.
const issuerPath = "/api/realms/main"

// describe fills in Info, and makes the sample relying party's callback one of
// its redirect URIs wherever it listens.
func (b *Bench) describe(p parts) {
	scheme := "http"
	if b.secure() {
		scheme = "https"
	}
	ca := p.listeners.url("http", "ca")
	b.info = Info{
		Schema: InfoSchema, Rig: b.rig.Name,
		Issuer:  p.listeners.url(scheme, "idp") + issuerPath,
		RP:      p.listeners.url("http", "rp"),
		Phone:   p.listeners.url("http", "phone"),
		Admin:   b.folder.file(AdminSocket),
		Metrics: p.listeners.url("http", "metrics") + "/metrics",
		CA: CAInfo{
			Auth: AuthCAInfo{Cert: ca + "/auth/ca.cer", CRL: ca + "/auth/crl", OCSP: ca + "/auth/ocsp"},
			Sign: SignCAInfo{Cert: ca + "/sign/ca.cer", CRL: ca + "/sign/crl"},
			Text: TextCAInfo{Key: ca + "/text/key.pem"},
			Face: TextCAInfo{Key: ca + "/face/key.pem"},
			Card: TextCAInfo{Key: ca + "/card/key.pem"},
		},
		Env:   map[string]string{},
		State: b.folder.path,
	}
	if b.secure() {
		b.info.TLSCA = b.folder.file(rootFile)
	}
	if b.rack != nil {
		name := b.rack.readers[traySeat]
		b.info.Reader = &name
		if b.rack.socket != "" {
			b.info.Env["PCSCLITE_CSOCK_NAME"] = b.rack.socket
		}
	}
	describeClients(p, b.info.RP+callbackPath)
	for _, c := range p.clients {
		b.info.Clients = append(b.info.Clients, c.info())
	}
	for _, h := range b.people.holders {
		info := HolderInfo{
			ID: h.ID, Name: h.Name,
			AuthPIN: string(h.AuthPIN.Bytes()), HelperPIN: string(h.TextPIN.Bytes()),
		}
		if !h.UnderFifteen {
			info.SignPassword = string(h.SignPassword.Bytes())
		}
		b.info.Holders = append(b.info.Holders, info)
	}
}

// embeddedCallback is what the embedded client file names.
const embeddedCallback = "http://localhost:7080" + callbackPath

func describeClients(p parts, callback string) {
	sample := sampleOf(p.clients)
	uris := slices.DeleteFunc(slices.Clone(sample.RedirectURIs), func(uri string) bool {
		return uri == embeddedCallback || uri == callback
	})
	sample.RedirectURIs = append([]string{callback}, uris...)
}
