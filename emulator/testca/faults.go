package testca

// Faults are the lies of the CA. The zero value is honest.
type Faults struct {
	Revoked  bool `fault:"reports every certificate as revoked, in the CRL and by OCSP"`
	OCSPDown bool `fault:"answers no OCSP request: 503 Service Unavailable"`
	StaleCRL bool `fault:"hands out a CRL of three days ago, whose successor is a day overdue"`
}

// SetFaults replaces the faults; they act from the next request on.
func (c *CA) SetFaults(f Faults) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = f
}

// Faults are those that are on.
func (c *CA) Faults() Faults {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.faults
}
