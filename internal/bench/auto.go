package bench

import (
	"context"
	"maps"
	"time"

	"kazasu/idp"
	"kazasu/internal/trace"
)

// observe takes what the provider tells: it is recorded and counted, and a
// login that begins is finished by itself where the bench was told so. It
// doesn't block.
func (b *Bench) observe(e idp.Event) {
	detail := maps.Clone(e.Detail)
	delete(detail, "qr") // like Link, it opens the login
	if e.Tag != "" {
		if detail == nil {
			detail = map[string]string{}
		}
		detail["tag"] = e.Tag
	}
	b.recorder.Record(trace.Event{Player: e.Player, Kind: e.Kind, Login: e.Login, Text: e.Text, Detail: detail})
	switch e.Kind {
	case idp.KindFinished, idp.KindCancelled:
		b.metrics.Login(e.Kind)
	case idp.KindStarted:
		if b.auto.ID != "" {
			b.work.start(func() { b.finish(e) })
		}
	}
}

// autoTime is how long a login may take that finishes by itself.
const autoTime = 30 * time.Second

// finish is the phone of the holder that Options.Auto names, with a card of its
// own: any number of logins may be under way.
func (b *Bench) finish(e idp.Event) {
	ctx, cancel := context.WithTimeout(b.ctx, autoTime)
	defer cancel()
	if err := b.finishLogin(ctx, e.Link); err != nil && b.ctx.Err() == nil {
		b.recorder.Record(trace.Event{Player: "phone", Kind: "error", Login: e.Login, Text: err.Error()})
		b.log("login of client %s was not finished: %v", e.Detail["client"], err)
	}
}

func (b *Bench) finishLogin(ctx context.Context, link string) error {
	card, err := b.freshCard(b.auto.ID, b.profileOf(b.auto.ID))
	if err != nil {
		return err
	}
	defer b.lies.forget(card.control)
	_, err = b.Phone(card.slot).Finish(ctx, link, b.auto.AuthPIN, b.auto.TextPIN)
	return err
}
