package cli

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kazasu/internal/appapi"
	"kazasu/internal/slot"
	"kazasu/internal/terminal"
)

// witness stands between phone and card and keeps what the card signs, so that
// somebody else can verify it.
type witness struct {
	slot.Slot
	challenge appapi.Challenge
	signature []byte
}

// Transmit passes the command on. 80 2A is COMPUTE DIGITAL SIGNATURE.
func (w *witness) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	response, err := w.Slot.Transmit(ctx, command)
	if err == nil && bytes.HasPrefix(command, []byte{0x80, 0x2A}) && len(response) > 2 {
		w.signature = bytes.Clone(response[:len(response)-2])
	}
	return response, err
}

// verify has OpenSSL's command line judge what the card signed in the login:
// the chain of its certificate, and the signature over the challenge.
func (d *demo) verify(ctx context.Context, seen *witness) error {
	d.chapter(3, "The card's signature, verified by OpenSSL")
	dir := filepath.Join(d.out, "signature")
	if err := d.keep(ctx, dir, seen); err != nil {
		return fmt.Errorf("keeping what the card signed: %w", err)
	}
	for _, args := range [][]string{
		{"verify", "-CAfile", "ca.pem", "certificate.pem"},
		{"x509", "-in", "certificate.pem", "-noout", "-pubkey", "-out", "key.pem"},
		{"dgst", "-sha256", "-verify", "key.pem", "-signature", "signature.bin", "challenge.bin"},
	} {
		if err := d.openssl(ctx, dir, args); err != nil {
			return err
		}
	}
	return nil
}

// openssl runs one command in dir, and prints it with what it says.
func (d *demo) openssl(ctx context.Context, dir string, args []string) error {
	d.c.printf("   $ openssl %s\n", strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, "openssl", args...)
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(said)) {
		d.c.printf("     %s\n", d.c.green(strings.TrimRight(line, "\n")))
	}
	if errors.Is(err, exec.ErrNotFound) {
		return withHint(fmt.Errorf("having OpenSSL verify the card's signature: %w", err), "kazasu doctor says whether openssl is there; make setup installs it")
	}
	if err != nil {
		return fmt.Errorf("having OpenSSL verify the card's signature: openssl %s: %w", args[0], err)
	}
	return nil
}

// keep writes what OpenSSL needs: the challenge's bytes, the signature, the
// certificate as any terminal reads it off the card, and the CA's.
func (d *demo) keep(ctx context.Context, dir string, seen *witness) error {
	certificate, err := certificateOf(ctx, seen.Slot)
	if err != nil {
		return err
	}
	ca, err := d.fetch(ctx, d.bench.Info().CA.Auth.Cert)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"challenge.bin":   seen.challenge.Bytes(),
		"signature.bin":   seen.signature,
		"certificate.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"ca.pem":          pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// certificateOf reads the auth certificate, which a plastic card gives freely.
func certificateOf(ctx context.Context, card slot.Slot) ([]byte, error) {
	if _, err := card.PowerOn(ctx); err != nil {
		return nil, err
	}
	defer card.PowerOff(ctx)
	return terminal.New(card).AuthCertificate(ctx)
}

func (d *demo) fetch(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := d.bench.HTTP().Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetching %s: %s", address, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, 1<<20))
}
