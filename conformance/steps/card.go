package steps

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"kazasu/internal/apdu"
	"kazasu/internal/bench"
	"kazasu/internal/slot"
)

// cardHand is the card that the scenario's terminal holds.
type cardHand struct {
	slot    slot.Slot // recorded
	raw     slot.Slot // not recorded, for sweeps
	control bench.CardControl
	atr     []byte
	answer  apdu.Response
	kept    []byte // of an earlier answer
	took    time.Duration
	content []byte // of the file read last
	release func()
}

// answerTime is how long a card may take for one command before it counts as
// mute: the slowest command of a real card, a signature, takes 0.7 s.
const answerTime = 5 * time.Second

func cardSteps() []Row {
	return []Row{
		{`the card of {string} is on the reader`, `{string}のカードがかざされている`,
			"takes a fresh card of this holder and powers it on", cardOnReader},
		{`the card of {string} with the profile {string} is on the reader`, `{string}のカードがプロファイル{string}でかざされている`,
			"takes a fresh card with this emulator profile and powers it on", cardWithProfile},
		{`the card is taken away and held again`, `カードを離してもう一度かざす`,
			"cuts the power and gives it back: a cold start", cardAgain},
		{`the card is reset`, `カードをリセットする`, "sends a warm reset", cardReset},
		{`the ATR is {hex}`, `ATRは {hex} である`, "compares the answer to reset, byte for byte", atrIs},
		{`the ATR is well formed and its check byte is right`, `ATRの形式と検査バイトが正しい`,
			"decodes the answer to reset by ISO/IEC 7816-3 §8.2", atrDecodes},
		{`the terminal sends {hex}`, `端末が {hex} を送る`, "sends one command APDU, as it stands", send},
		{`the terminal sends {hex} followed by {int} bytes of {hex}`, `端末が {hex} に続けて {int} バイトの {hex} を送る`,
			"sends a long command APDU: the bytes, then one byte repeated", sendLong},
		{`the status word is {word}`, `ステータスワードは {word} である`, "compares SW1-SW2 of the last answer", statusIs},
		{`the answer has no data`, `応答にデータはない`, "the last answer is a status word alone", answerEmpty},
		{`the answer is {hex}`, `応答は {hex} である`, "compares the data of the last answer", answerIs},
		{`the answer is {int} bytes`, `応答は {int} バイトである`, "compares the length of the last answer's data", answerLen},
		{`the answer starts with {hex}`, `応答は {hex} で始まる`, "compares the first bytes of the last answer", answerStarts},
		{`the answer ends with {hex}`, `応答は {hex} で終わる`, "compares the last bytes of the last answer", answerEnds},
		{`the answer is the text {string}`, `応答は文字列{string}である`, "compares the last answer as UTF-8 text", answerText},
		{`the answer is kept`, `応答を控える`, "remembers the data of the last answer", answerKept},
		{`the answer is the kept one`, `応答は控えたものと同じである`, "compares with the remembered data", answerIsKept},
		{`the answer is another than the kept one`, `応答は控えたものと異なる`, "compares with the remembered data", answerDiffers},
		{`the card loses power during {hex}`, `{hex} の途中でカードの電源が落ちる`,
			"sends the command and cuts the power before the answer", losesPower},
		{`these commands are answered:`, `次のコマンドに次の応答が返る:`,
			"sends each command of the table: | command | status | data |, data optional; .. stands for any bytes", commandsAnswered},
		{`the application {hex} is selected`, `アプリケーション {hex} を選択する`, "SELECT by name, and expects 9000", selectApplication},
		{`the file {hex} is selected`, `ファイル {hex} を選択する`, "SELECT of a file in the application, and expects 9000", selectFile},
		{`the file {hex} is read`, `ファイル {hex} を読む`, "selects the file and reads it to its end, filler included", readFile},
		{`the file holds {int} bytes`, `ファイルは {int} バイトである`, "compares the length of the file read last", contentLen},
		{`the file starts with {hex}`, `ファイルは {hex} で始まる`, "compares the first bytes of the file read last", contentStarts},
		{`the file holds {hex} at {int}`, `ファイルは {hex} を {int} バイト目に持つ`, "compares bytes of the file read last, at an offset", contentAt},
		{`the file is one DER object followed by FF`, `ファイルは1つのDERとFFの詰め物である`,
			"the file read last starts 30 82, and only FF follows the object", contentDER},
		{`the terminal tries every class and instruction but {string}`, `端末が{string}を除くすべてのクラスと命令を試す`,
			"sends CLA INS 00 00 for all 65,536; classes 90 to FF answer 6E00, an instruction of class 00 that isn't listed 6D00", sweep},
		{`every number of random bytes from 1 to 256 comes`, `1から256までのどの長さの乱数も返る`,
			"GET CHALLENGE for each", challengesOfEveryLength},
		{`the terminal asks {int} times for {int} random bytes`, `端末が {int} 回 {int} バイトの乱数を求める`,
			"GET CHALLENGE over and over: right length, no repeats, bits balanced", challenges},
		{`the card answers {int} times within {duration}`, `カードが {int} 回 {duration} 以内に応答する`,
			"SELECT over and over; the slowest of 99 % stays within the limit", answersWithin},
	}
}

func cardOnReader(ctx context.Context, w *World, holder string) error {
	return cardWithProfile(ctx, w, holder, "")
}

func cardWithProfile(ctx context.Context, w *World, holder, profile string) error {
	if err := w.takeCard(ctx, holder, profile); err != nil {
		return err
	}
	return w.powerOn(ctx)
}

// takeCard asks the bench for a fresh card and gives back the one before.
func (w *World) takeCard(ctx context.Context, holder, profile string) error {
	if w.card.release != nil {
		w.card.release()
		w.card = cardHand{}
	}
	card, control, release, err := w.Bench.ScenarioCard(ctx, holder, profile)
	if err != nil {
		return fmt.Errorf("taking the card of %s: %w", holder, err)
	}
	w.card = cardHand{slot: w.recorder.Slot("card", card), raw: card, control: control, release: release}
	w.cleanup(release)
	return nil
}

func (w *World) powerOn(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	w.card.atr, err = w.card.slot.PowerOn(ctx)
	return linkError("answer to reset", err)
}

// linkError takes a card that keeps silent, or goes, as a finding about it.
func linkError(what string, err error) error {
	if err == nil {
		return nil
	}
	for _, broken := range []error{context.DeadlineExceeded, slot.ErrMute, slot.ErrCardGone, slot.ErrNoCard} {
		if errors.Is(err, broken) {
			return &Failure{what, "an answer within " + answerTime.String(), err.Error()}
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}

func cardAgain(ctx context.Context, w *World) error {
	if err := w.card.slot.PowerOff(ctx); err != nil {
		return fmt.Errorf("powering off: %w", err)
	}
	return w.powerOn(ctx)
}

func cardReset(ctx context.Context, w *World) (err error) {
	w.card.atr, err = w.card.slot.Reset(ctx)
	return linkError("answer to reset", err)
}

func atrIs(_ context.Context, w *World, want []byte) error {
	return Expect("answer to reset", want, w.card.atr)
}

// transmit sends one command through s and keeps the answer.
func (w *World) transmit(ctx context.Context, s slot.Slot, command []byte) (apdu.Response, error) {
	if s == nil {
		return apdu.Response{}, errors.New("no card is on the reader: say whose, first")
	}
	bounded, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	began := time.Now()
	raw, err := s.Transmit(bounded, command)
	w.card.took = time.Since(began)
	if ctx.Err() != nil {
		return apdu.Response{}, ctx.Err() // the scenario's time is up, not the card's
	}
	what := fmt.Sprintf("answer to % X", command[:min(4, len(command))])
	if err != nil {
		return apdu.Response{}, linkError(what, err)
	}
	answer, err := apdu.ParseResponse(raw)
	if err != nil {
		return apdu.Response{}, &Failure{what, "a status word", show(raw)}
	}
	w.card.answer = answer
	return answer, nil
}

func send(ctx context.Context, w *World, command []byte) error {
	_, err := w.transmit(ctx, w.card.slot, command)
	return err
}

func sendLong(ctx context.Context, w *World, head []byte, n int, filler []byte) error {
	_, err := w.transmit(ctx, w.card.slot, append(bytes.Clone(head), bytes.Repeat(filler, n)...))
	return err
}

func statusIs(_ context.Context, w *World, want string) error {
	return Expect("status word", strings.ToUpper(want), sw(w.card.answer.Status))
}

func answerEmpty(_ context.Context, w *World) error {
	return Expect("data of the answer", []byte{}, w.card.answer.Data)
}

func answerIs(_ context.Context, w *World, want []byte) error {
	return Expect("data of the answer", want, w.card.answer.Data)
}

func answerLen(_ context.Context, w *World, want int) error {
	return Expect("bytes in the answer", want, len(w.card.answer.Data))
}

func answerStarts(_ context.Context, w *World, want []byte) error {
	return Expect("first bytes of the answer", want, head(w.card.answer.Data, len(want)))
}

func answerEnds(_ context.Context, w *World, want []byte) error {
	data := w.card.answer.Data
	return Expect("last bytes of the answer", want, data[max(0, len(data)-len(want)):])
}

func answerText(_ context.Context, w *World, want string) error {
	return Expect("answer as text", want, string(w.card.answer.Data))
}

func head(b []byte, n int) []byte { return b[:min(n, len(b))] }

func answerKept(_ context.Context, w *World) error {
	w.card.kept = bytes.Clone(w.card.answer.Data)
	return nil
}

func answerIsKept(_ context.Context, w *World) error {
	return Expect("data of the answer", w.card.kept, w.card.answer.Data)
}

func answerDiffers(_ context.Context, w *World) error {
	same := bytes.Equal(w.card.kept, w.card.answer.Data)
	return ExpectThat(!same, "data of the answer", "another than "+show(w.card.kept), w.card.answer.Data)
}

// powerAfter is how long a command runs before its power goes.
const powerAfter = 20 * time.Millisecond

// losesPower cuts the power in the middle of a command. Whether the command
// still gets an answer is the card's matter; that both calls end is not.
func losesPower(ctx context.Context, w *World, command []byte) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = w.card.raw.Transmit(ctx, command) // answer or error: both may be
	}()
	if err := w.wait(ctx, powerAfter); err != nil {
		return err
	}
	err := w.card.raw.PowerOff(ctx)
	select {
	case <-ended:
	case <-ctx.Done():
		return &Failure{"command without power", "an end", "it hangs"}
	}
	if err != nil {
		return fmt.Errorf("powering off: %w", err)
	}
	return nil
}

// commandsAnswered runs a table of commands: command, status, and data where
// it matters, in which ".." stands for any number of bytes at the end.
func commandsAnswered(ctx context.Context, w *World, table Table) error {
	for i, row := range table {
		if i == 0 && row[0] == "command" {
			continue
		}
		command, err := hexOf(row[0])
		if err != nil {
			return err
		}
		answer, err := w.transmit(ctx, w.card.slot, command)
		if err != nil {
			return err
		}
		what := "answer to " + named(command)
		if err := Expect(what, row[1], sw(answer.Status)); err != nil {
			return err
		}
		if len(row) > 2 && row[2] != "" {
			if err := expectData(what, row[2], answer.Data); err != nil {
				return err
			}
		}
	}
	return nil
}

// named is a command as a report may show it: in full, but without the PIN of
// VERIFY, CHANGE REFERENCE DATA and CHANGE KEY.
func named(command []byte) string {
	if len(command) > 5 && (command[1] == 0x20 || command[1] == 0x24 || command[1] == 0x32) {
		return fmt.Sprintf("%X …", command[:5])
	}
	if len(command) > showMax {
		return fmt.Sprintf("%X … (%d bytes)", command[:showMax], len(command))
	}
	return fmt.Sprintf("%X", command)
}

func expectData(what, want string, got []byte) error {
	if n, err := fmt.Sscanf(want, "%d bytes", new(int)); n == 1 && err == nil {
		return Expect(what, want, fmt.Sprintf("%d bytes", len(got)))
	}
	prefix, open := strings.CutSuffix(want, "..")
	wanted, err := hexOf(strings.TrimSpace(prefix))
	if err != nil {
		return err
	}
	if open {
		got = head(got, len(wanted))
	}
	return Expect(what, wanted, got)
}

func hexOf(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		return nil, fmt.Errorf("reading %q as hex: %w", s, err)
	}
	return b, nil
}

// selectCommand is SELECT with a data field and no answer wanted: P1 04 by
// name, 02 a file below the current application (ISO/IEC 7816-4 §7.1.1).
func selectCommand(p1 byte, data []byte) []byte {
	return append([]byte{0x00, 0xA4, p1, 0x0C, byte(len(data))}, data...)
}

func selectApplication(ctx context.Context, w *World, name []byte) error {
	return w.expectOK(ctx, "selecting an application", selectCommand(0x04, name))
}

func selectFile(ctx context.Context, w *World, id []byte) error {
	return w.expectOK(ctx, "selecting a file", selectCommand(0x02, id))
}

// expectOK sends a command and expects 9000.
func (w *World) expectOK(ctx context.Context, what string, command []byte) error {
	answer, err := w.transmit(ctx, w.card.slot, command)
	if err != nil {
		return err
	}
	return Expect(what, "9000", sw(answer.Status))
}

// readFile reads in blocks of 256 until the card has no more.
func readFile(ctx context.Context, w *World, id []byte) error {
	if err := selectFile(ctx, w, id); err != nil {
		return err
	}
	w.card.content = nil
	for offset := 0; offset < 0x8000; offset = len(w.card.content) {
		answer, err := w.transmit(ctx, w.card.slot, []byte{0x00, 0xB0, byte(offset >> 8), byte(offset), 0x00})
		if err != nil {
			return err
		}
		if offset > 0 && answer.Status == apdu.OffsetOutside {
			return nil
		}
		if err := Expect(fmt.Sprintf("reading at %d", offset), "9000", sw(answer.Status)); err != nil {
			return err
		}
		w.card.content = append(w.card.content, answer.Data...)
		if len(answer.Data) < 256 {
			return nil
		}
	}
	return nil
}

func contentLen(_ context.Context, w *World, want int) error {
	return Expect("bytes in the file", want, len(w.card.content))
}

func contentStarts(_ context.Context, w *World, want []byte) error {
	return Expect("first bytes of the file", want, head(w.card.content, len(want)))
}

func contentAt(_ context.Context, w *World, want []byte, offset int) error {
	content := w.card.content
	if offset > len(content) {
		return &Failure{"bytes of the file", show(want), fmt.Sprintf("a file of %d bytes", len(content))}
	}
	return Expect(fmt.Sprintf("bytes of the file at %d", offset), want, head(content[offset:], len(want)))
}

func contentDER(_ context.Context, w *World) error {
	der, filler, err := splitDER(w.card.content)
	if err != nil {
		return err
	}
	if len(bytes.Trim(filler, "\xFF")) > 0 {
		return &Failure{"filler behind the certificate", "FF only", show(filler)}
	}
	return Expect("first bytes of the certificate", []byte{0x30, 0x82}, head(der, 2))
}

// splitDER takes the certificate at the start of a file: 30 82 and two bytes
// of length, as every client of the card reads it.
func splitDER(content []byte) (der, filler []byte, err error) {
	if len(content) < 4 || content[0] != 0x30 || content[1] != 0x82 {
		return nil, nil, &Failure{"first bytes of the certificate", "30 82", show(head(content, 2))}
	}
	n := 4 + int(content[2])<<8 + int(content[3])
	if n > len(content) {
		return nil, nil, &Failure{"bytes in the file", fmt.Sprintf("at least %d", n), show(len(content))}
	}
	return content[:n], content[n:], nil
}
