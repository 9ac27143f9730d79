package rigs

import (
	"crypto/ecdsa"
	"reflect"
	"testing"
)

const (
	p256PEM = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaRQb0ro3Xzn5YfqvrQzuoaoPZxWu
9wKYcMv9PjgEC7eQpLxUuC5wvUXBvLyi2BE+30OxzU94NCGymUcWH2pZRg==
-----END PUBLIC KEY-----
`
	p384PEM = `-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE+vJDif+beX7BJsYhPIrY6fWqOu0glCuW
8AG+igtNa5BLUR9jKN/9bvAgqlSCw/iW5dtl1XATS+H+W+gdGPr1fGeq7dOrWTf7
re1Vlu9onRotLGY/+V1DJNzVf4XHcs96
-----END PUBLIC KEY-----
`
	privatePEM = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	// p256JWK is the key of p256PEM.
	p256JWK = `{"kty":"EC","crv":"P-256","kid":"one","x":"aRQb0ro3Xzn5YfqvrQzuoaoPZxWu9wKYcMv9PjgEC7c","y":"kKS8VLgucL1Fwby8otgRPt9Dsc1PeDQhsplHFh9qWUY"}`
)

func TestEmbeddedClientIsTheSample(t *testing.T) {
	got, err := LoadClients("")
	if err != nil {
		t.Fatal(err)
	}
	want := []Client{{
		ID: "RP00000001", Name: "かざす市 手続きサンプル / Kazasu City sample service",
		RedirectURIs: []string{"http://localhost:7080/callback"}, Alg: "ES256",
	}, {
		ID: "RP00000002", Name: "架空図書館 / Imaginary Library",
		RedirectURIs: []string{"http://localhost:3000/callback", "http://localhost:3000/callback2"}, Alg: "ES256",
	}, {
		ID: "RP00000003", Name: "見本銀行 / Sample Bank",
		RedirectURIs: []string{"http://localhost:3001/callback"}, Alg: "RS256",
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("LoadClients\n got %+v\nwant %+v", got, want)
	}
}

func TestClientKeys(t *testing.T) {
	write(t, map[string]string{
		"k.pem": p256PEM, "k.jwk": p256JWK, "k.jwks": `{"keys":[` + p256JWK + `]}`,
		"clients.yaml": "clients:\n- id: A1\n  name: a\n  redirect_uris: [https://a.example/cb, com.example.app:/cb]\n  keys: [k.pem, k.jwk, k.jwks]\n",
	})
	clients, err := LoadClients("clients.yaml")
	if err != nil {
		t.Fatal(err)
	}
	keys := clients[0].PublicKeys
	if len(keys) != 3 || keys[0].KID != "" || keys[1].KID != "one" || keys[2].KID != "one" {
		t.Fatalf("keys %+v", keys)
	}
	for _, k := range keys[1:] {
		if !k.Key.(*ecdsa.PublicKey).Equal(keys[0].Key) {
			t.Errorf("%+v is another key than the PEM file's", k)
		}
	}
	if clients[0].Alg != "ES256" {
		t.Errorf("alg %q, want ES256 unless said otherwise", clients[0].Alg)
	}
}

func TestBadClients(t *testing.T) {
	const keyCure = "a PEM file with BEGIN PUBLIC KEY or CERTIFICATE, a JWK or a JWK set"
	const head = "clients:\n- id: A1\n  name: a\n  redirect_uris: [https://a.example/cb]\n"
	for name, c := range map[string]struct{ text, want, hint string }{
		"empty": {
			"", `clients.yaml:1:1: key "clients": is missing`, "",
		},
		"no clients": {
			"clients: []\n", `clients.yaml:1:10: key "clients": is empty`, "",
		},
		"no redirect URI": {
			"clients:\n- id: A1\n  name: a\n",
			`clients.yaml:2:3: key "clients[0].redirect_uris": is missing`, "",
		},
		"one redirect URI, not a list": {
			"clients:\n- id: A1\n  name: a\n  redirect_uris: https://a.example/cb\n",
			`clients.yaml:4:18: key "clients[0].redirect_uris": this is a string, not a list`,
			`write each entry on its own line, behind "- "`,
		},
		"relative redirect URI": {
			"clients:\n- id: A1\n  name: a\n  redirect_uris: [/cb]\n",
			`clients.yaml:4:19: key "clients[0].redirect_uris[0]": "/cb" is no absolute URL without a fragment`,
			"write it in full: https://rp.example/callback",
		},
		"bad ID": {
			"clients:\n- id: my-rp\n  name: a\n  redirect_uris: [https://a.example/cb]\n",
			`clients.yaml:2:7: key "clients[0].id": "my-rp" has not the form ^[0-9a-zA-Z]+$`, "",
		},
		"an ID twice": {
			head + "- id: A1\n  name: b\n  redirect_uris: [https://b.example/cb]\n",
			`clients.yaml:5:7: key "clients[1].id": clients[0] has this ID as well`, "",
		},
		"misspelt key": {
			head + "  redirect_url: x\n",
			`clients.yaml:5:3: key "clients[0].redirect_url": no such key`, `did you mean "redirect_uris"?`,
		},
		"bad alg": {
			head + "  alg: HS256\n",
			`clients.yaml:5:8: key "clients[0].alg": "HS256" is none of ES256, RS256`, `did you mean "ES256"?`,
		},
		"no key file": {
			head + "  keys: [none.pem]\n",
			`clients.yaml:5:10: key "clients[0].keys[0]": reading key: open none.pem: no such file or directory`, keyCure,
		},
		"private key": {
			head + "  keys: [private.pem]\n",
			`clients.yaml:5:10: key "clients[0].keys[0]": private.pem holds a private key; the provider needs the public one`, keyCure,
		},
		"no key inside": {
			head + "  keys: [clients.yaml]\n",
			`clients.yaml:5:10: key "clients[0].keys[0]": clients.yaml is neither PEM nor JWK`, keyCure,
		},
		"another curve": {
			head + "  keys: [p384.pem]\n",
			`clients.yaml:5:10: key "clients[0].keys[0]": an EC key of 384 bits can't verify ES256`,
			"ES256 takes a P-256 key, RS256 an RSA key of 2048 bits or more",
		},
		"another kind of key": {
			head + "  alg: RS256\n  keys: [k.pem]\n",
			`clients.yaml:6:10: key "clients[0].keys[0]": an EC key of 256 bits can't verify RS256`,
			"ES256 takes a P-256 key, RS256 an RSA key of 2048 bits or more",
		},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, map[string]string{"clients.yaml": c.text, "k.pem": p256PEM, "p384.pem": p384PEM, "private.pem": privatePEM})
			_, err := LoadClients("clients.yaml")
			checkError(t, err, c.want, c.hint)
		})
	}
}
