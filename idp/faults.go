package idp

// Faults are the lies that the provider tells on request. The zero value is
// honest. Each changes exactly what its sentence says.
type Faults struct {
	WrongNonce        bool `fault:"puts another nonce into the ID token"`
	WrongIssuer       bool `fault:"puts another issuer into the ID token"`
	WrongAudience     bool `fault:"puts another audience into the ID token"`
	Expired           bool `fault:"issues an ID token that expired an hour ago"`
	Unsigned          bool `fault:"issues an ID token with alg none and no signature"`
	ForeignKey        bool `fault:"signs the ID token with a key that is not in the JWKS, under the kid of one that is"`
	UserinfoOfAnother bool `fault:"answers userinfo with the subject of another person"`
}

// SetFaults sets what the provider lies about in the logins of one tag, in
// place of what was set for it before; the empty tag means every login, in
// addition to its own tag's. The zero Faults end it. A login that is under way
// lies as is set when its tokens are issued.
func (p *Provider) SetFaults(tag string, f Faults) {
	p.faultsMu.Lock()
	defer p.faultsMu.Unlock()
	if f == (Faults{}) {
		delete(p.faults, tag)
		return
	}
	p.faults[tag] = f
}

// Faults is what was set for a tag.
func (p *Provider) Faults(tag string) Faults {
	p.faultsMu.Lock()
	defer p.faultsMu.Unlock()
	return p.faults[tag]
}

// faultsOf is what a login of this tag suffers: its own and everybody's.
func (p *Provider) faultsOf(tag string) Faults {
	every, own := p.Faults(""), p.Faults(tag)
	return Faults{
		WrongNonce:        every.WrongNonce || own.WrongNonce,
		WrongIssuer:       every.WrongIssuer || own.WrongIssuer,
		WrongAudience:     every.WrongAudience || own.WrongAudience,
		Expired:           every.Expired || own.Expired,
		Unsigned:          every.Unsigned || own.Unsigned,
		ForeignKey:        every.ForeignKey || own.ForeignKey,
		UserinfoOfAnother: every.UserinfoOfAnother || own.UserinfoOfAnother,
	}
}
