package bench

import (
	"crypto"
	"slices"

	"kazasu/idp"
	"kazasu/rigs"
)

// client is a relying party that the provider knows. Those without public
// keys in the client file get a key pair in the state folder; the first of
// them is the sample relying party.
type client struct {
	rigs.Client
	private crypto.Signer // nil when it isn't ours
	path    string        // of the private key
	kid     string
}

// callbackPath is where the sample relying party takes the browser back.
const callbackPath = "/callback"

// clients reads the client file and adds the sample relying party when the
// file names none.
func (f *folder) clients(path string) ([]client, error) {
	all, err := rigs.LoadClients(path)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(all, isOurs) {
		embedded, err := rigs.LoadClients("")
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(c rigs.Client) bool { return c.ID == embedded[0].ID }) {
			return nil, &Error{
				Problem: "client " + embedded[0].ID + " of " + path + " has keys, but that is the sample relying party's ID",
				Cure:    "give it another ID, or leave its keys out: then the bench makes a pair for it",
			}
		}
		all = append(all, embedded[0])
	}
	out := make([]client, len(all))
	for i, c := range all {
		if out[i], err = f.client(c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// isOurs says that the bench has the client's private key.
func isOurs(c rigs.Client) bool { return len(c.PublicKeys) == 0 }

func (f *folder) client(c rigs.Client) (client, error) {
	if !isOurs(c) {
		return client{Client: c, kid: c.PublicKeys[0].KID}, nil
	}
	make, name := makeEC, "client-"+c.ID+".pem"
	if c.Alg == "RS256" {
		make = makeRSA
	}
	private, err := f.key(name, make)
	if err != nil {
		return client{}, err
	}
	kid, err := thumbprint(private.Public())
	if err != nil {
		return client{}, err
	}
	c.PublicKeys = []rigs.PublicKey{{KID: kid, Key: private.Public()}}
	return client{c, private, f.file(keyFolder, name), kid}, nil
}

// sampleOf is the sample relying party.
func sampleOf(clients []client) *client {
	at := slices.IndexFunc(clients, func(c client) bool { return c.private != nil })
	return &clients[at] // clients sees to it that there is one
}

func (c client) asProviderKnows() idp.Client {
	known := idp.Client{
		ID: c.ID, Name: c.Name, RedirectURIs: c.RedirectURIs, Alg: c.Alg,
		Sector: c.Sector, Privacy: c.Privacy, Terms: c.Terms,
	}
	for _, k := range c.PublicKeys {
		known.Keys = append(known.Keys, idp.PublicKey(k))
	}
	return known
}

func (c client) info() ClientInfo {
	return ClientInfo{ID: c.ID, RedirectURIs: c.RedirectURIs, Alg: c.Alg, KID: c.kid, Key: c.path}
}
