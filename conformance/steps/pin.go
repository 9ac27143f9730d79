package steps

import (
	"context"
	"fmt"
)

func pinSteps() []Row {
	return []Row{
		{`the PIN {string} is verified`, `暗証番号{string}を照合する`,
			"VERIFY against the selected key file, and expects 9000", pinVerified},
		{`the PIN {string} is sent`, `暗証番号{string}を送る`,
			"VERIFY against the selected key file, whatever comes back", pinSent},
		{`the PIN is changed to {string}`, `暗証番号を{string}に変更する`,
			"CHANGE REFERENCE DATA on the selected key file, whatever comes back", pinChanged},
		{`{int} tries are left`, `残り {int} 回である`,
			"asks with an empty VERIFY, which costs nothing", triesLeft},
		{`{int} empty queries still leave {int} tries`, `{int} 回の空の照合のあとも残り {int} 回である`,
			"asks over and over with an empty VERIFY", emptyQueries},
		{`the PIN file {hex} has {int} tries left`, `暗証番号ファイル {hex} は残り {int} 回である`,
			"selects a key file and asks with an empty VERIFY", pinFileTries},
	}
}

// verifyCommand is VERIFY against the current key file: P2 80 (docs/FIDELITY.md P2, P5).
func verifyCommand(pin string) []byte {
	command := []byte{0x00, 0x20, 0x00, 0x80}
	if pin == "" {
		return command
	}
	return append(append(command, byte(len(pin))), pin...)
}

func pinVerified(ctx context.Context, w *World, pin string) error {
	return w.expectOK(ctx, "verifying the PIN", verifyCommand(pin))
}

func pinSent(ctx context.Context, w *World, pin string) error {
	_, err := w.transmit(ctx, w.card.slot, verifyCommand(pin))
	return err
}

func pinChanged(ctx context.Context, w *World, pin string) error {
	command := append([]byte{0x00, 0x24, 0x01, 0x80, byte(len(pin))}, pin...)
	_, err := w.transmit(ctx, w.card.slot, command)
	return err
}

func triesLeft(ctx context.Context, w *World, want int) error {
	answer, err := w.transmit(ctx, w.card.slot, verifyCommand(""))
	if err != nil {
		return err
	}
	return Expect("status word of the query", fmt.Sprintf("63C%X", want), sw(answer.Status))
}

func emptyQueries(ctx context.Context, w *World, times, want int) error {
	for range times {
		if _, err := w.transmit(ctx, w.card.raw, verifyCommand("")); err != nil {
			return err
		}
		if got := sw(w.card.answer.Status); got != fmt.Sprintf("63C%X", want) {
			return Expect("status word of the query", fmt.Sprintf("63C%X", want), got)
		}
	}
	return nil
}

func pinFileTries(ctx context.Context, w *World, file []byte, want int) error {
	if err := selectFile(ctx, w, file); err != nil {
		return err
	}
	return triesLeft(ctx, w, want)
}
