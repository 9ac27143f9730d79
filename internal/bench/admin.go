package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"time"

	"kazasu/internal/faults"
	"kazasu/internal/trace"
)

// The forms of the admin API. What a call answers has its schema first.
type (
	// CardsAnswer answers GET /v1/cards and every POST below it.
	CardsAnswer struct {
		Schema string       `json:"schema"` // kazasu.cards/1
		Cards  []CardStatus `json:"cards"`
	}
	// InsertRequest is POST /v1/cards/insert. An empty profile means the usual one.
	InsertRequest struct {
		Holder  string `json:"holder"`
		Profile string `json:"profile,omitempty"`
	}
	// PINRequest is POST /v1/cards/pin: sets the tries left of a PIN, or
	// with Left absent resets it. An empty holder means the card in the slot.
	PINRequest struct {
		Holder string `json:"holder,omitempty"`
		PIN    string `json:"pin"` // its name: "auth", "sign", "text", …
		Left   *int   `json:"left,omitempty"`
	}
	// FaultsAnswer answers GET /v1/faults, and POST and DELETE.
	FaultsAnswer struct {
		Schema string         `json:"schema"` // kazasu.faults/1
		Active []ActiveFault  `json:"active"` // bench-wide
		Faults []faults.Fault `json:"faults"` // that there are
	}
	// FaultRequest is POST /v1/faults; DELETE takes ?tag= alone. An empty
	// value means on, an empty tag every login.
	FaultRequest struct {
		Tag   string `json:"tag,omitempty"`
		Fault string `json:"fault"` // ID
		Value string `json:"value,omitempty"`
	}
	// CAAnswer answers GET /v1/ca and every POST below it.
	CAAnswer struct {
		Schema   string     `json:"schema"` // kazasu.ca/1
		Families []CAStatus `json:"families"`
	}
	// RevocationRequest is POST /v1/ca/revoke and /v1/ca/reinstate, which
	// has no reason.
	RevocationRequest struct {
		Holder string `json:"holder"`
		Family Family `json:"family"`
		Reason int    `json:"reason,omitempty"`
	}
	// TravelRequest is POST /v1/clock/travel, and ClockAnswer its answer.
	TravelRequest struct {
		By string `json:"by"` // a duration: "72h", "-1h30m"
	}
	// ClockAnswer tells where the bench's clock stands.
	ClockAnswer struct {
		Schema string    `json:"schema"` // kazasu.clock/1
		Now    time.Time `json:"now"`
		Offset string    `json:"offset"` // from the machine's clock
	}
	// Refusal is the body of every answer that isn't a 2xx.
	Refusal struct {
		Message string `json:"error"`
		Cure    string `json:"hint,omitempty"`
	}
)

// Admin is the admin API, as the Unix socket in the state folder serves it. It
// takes and gives JSON alone:
//
//	GET  /v1/info                     Info
//	GET  /v1/cards                    CardsAnswer
//	POST /v1/cards/insert             InsertRequest → CardsAnswer
//	POST /v1/cards/remove             {} → CardsAnswer
//	POST /v1/cards/pin                PINRequest → CardsAnswer
//	GET  /v1/faults                   FaultsAnswer
//	POST /v1/faults                   FaultRequest → FaultsAnswer
//	DELETE /v1/faults?tag=            FaultsAnswer
//	GET  /v1/ca                       CAAnswer
//	POST /v1/ca/revoke, /v1/ca/reinstate  RevocationRequest → CAAnswer
//	GET  /v1/events                   trace events as NDJSON, from now on; with ?since=0 from the start
//	POST /v1/clock/travel             TravelRequest → ClockAnswer
func (b *Bench) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/info", answer(func(*http.Request) (any, error) { return b.info, nil }))
	mux.HandleFunc("GET /v1/cards", answer(func(*http.Request) (any, error) { return b.cardsAnswer() }))
	mux.HandleFunc("POST /v1/cards/insert", take(func(ctx context.Context, r InsertRequest) (any, error) {
		return then(b.Insert(ctx, r.Holder, r.Profile), b.cardsAnswer)
	}))
	mux.HandleFunc("POST /v1/cards/remove", take(func(context.Context, struct{}) (any, error) {
		b.Remove()
		return b.cardsAnswer()
	}))
	mux.HandleFunc("POST /v1/cards/pin", take(func(_ context.Context, r PINRequest) (any, error) {
		return then(b.setPIN(r), b.cardsAnswer)
	}))
	mux.HandleFunc("GET /v1/faults", answer(func(*http.Request) (any, error) { return b.faultsAnswer() }))
	mux.HandleFunc("POST /v1/faults", take(func(_ context.Context, r FaultRequest) (any, error) {
		return then(b.SetFault(r.Tag, r.Fault, r.Value), b.faultsAnswer)
	}))
	mux.HandleFunc("DELETE /v1/faults", answer(func(r *http.Request) (any, error) {
		b.ClearFaults(r.URL.Query().Get("tag"))
		return b.faultsAnswer()
	}))
	mux.HandleFunc("GET /v1/ca", answer(func(*http.Request) (any, error) { return b.caAnswer() }))
	mux.HandleFunc("POST /v1/ca/revoke", take(func(_ context.Context, r RevocationRequest) (any, error) {
		return then(b.Revoke(r.Holder, r.Family, r.Reason), b.caAnswer)
	}))
	mux.HandleFunc("POST /v1/ca/reinstate", take(func(_ context.Context, r RevocationRequest) (any, error) {
		return then(b.Reinstate(r.Holder, r.Family), b.caAnswer)
	}))
	mux.HandleFunc("GET /v1/events", b.streamEvents)
	mux.HandleFunc("POST /v1/clock/travel", take(func(_ context.Context, r TravelRequest) (any, error) {
		d, err := time.ParseDuration(r.By)
		if err != nil {
			return nil, &Error{Problem: fmt.Sprintf("%q is no duration", r.By), Cure: "such as 72h or -1h30m"}
		}
		b.Travel(d)
		return ClockAnswer{"kazasu.clock/1", b.clock.Now().UTC(), b.clock.Offset().String()}, nil
	}))
	return mux
}

// then answers with what a state looks like after it was changed.
func then(err error, show func() (any, error)) (any, error) {
	if err != nil {
		return nil, err
	}
	return show()
}

func (b *Bench) cardsAnswer() (any, error) { return CardsAnswer{"kazasu.cards/1", b.Cards()}, nil }

func (b *Bench) faultsAnswer() (any, error) {
	active := b.ActiveFaults()
	if active == nil {
		active = []ActiveFault{}
	}
	return FaultsAnswer{"kazasu.faults/1", active, Faults()}, nil
}

func (b *Bench) caAnswer() (any, error) {
	families, err := b.Authorities()
	return CAAnswer{"kazasu.ca/1", families}, err
}

func (b *Bench) setPIN(r PINRequest) error {
	card, err := b.Card(r.Holder)
	if err != nil {
		return err
	}
	if r.Left == nil {
		return card.ResetPIN(r.PIN)
	}
	return card.SetPINTries(r.PIN, *r.Left)
}

// streamEvents tells events until the caller goes or the bench closes.
func (b *Bench) streamEvents(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context() // ends with the bench's, which is the server's base
	events := b.recorder.Subscribe(ctx)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w).Flush
	if r.URL.Query().Get("since") == "0" {
		if trace.WriteNDJSON(w, b.recorder.Events()) != nil {
			return
		}
	}
	if flush() != nil {
		return
	}
	for e := range events {
		if trace.WriteNDJSON(w, []trace.Event{e}) != nil || flush() != nil {
			return
		}
	}
}

// requestMax is the most bytes that a request to the admin API has.
const requestMax = 64 << 10

// answer is a handler for a call without a body.
func answer(call func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := call(r)
		reply(w, out, err)
	}
}

// take is a handler for a call with a JSON body. Asking for the media type
// keeps any web page's form out, should the socket ever be reachable by one.
func take[In any](call func(context.Context, In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || media != "application/json" {
			refuse(w, http.StatusUnsupportedMediaType, Refusal{"the body must be application/json", ""})
			return
		}
		var in In
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, requestMax))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil && !errors.Is(err, io.EOF) {
			refuse(w, http.StatusBadRequest, Refusal{"reading the request: " + err.Error(), ""})
			return
		}
		out, err := call(r.Context(), in)
		reply(w, out, err)
	}
}

func reply(w http.ResponseWriter, out any, err error) {
	if err != nil {
		no, status := Refusal{Message: err.Error()}, http.StatusInternalServerError
		var known *Error
		if errors.As(err, &known) {
			no.Cure, status = known.Cure, http.StatusBadRequest
		}
		refuse(w, status, no)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// the caller went away: nobody is left to tell
	_ = json.NewEncoder(w).Encode(out)
}

func refuse(w http.ResponseWriter, status int, no Refusal) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(no)
}

// socketMax is how long a Unix socket's path may be on any system (sun_path of
// macOS has 104 bytes, with the zero at its end).
const socketMax = 103

// listenAdmin opens the admin API's socket. The folder is for this user alone,
// so nobody else reaches it between its making and its chmod either.
func (b *Bench) listenAdmin(ctx context.Context) (net.Listener, error) {
	path := b.folder.file(AdminSocket)
	if len(path) > socketMax {
		return nil, &Error{
			Problem: fmt.Sprintf("the admin socket's path %s has %d bytes, more than %d", path, len(path), socketMax),
			Cure:    "choose a state folder with a shorter path",
		}
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("opening the admin socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the admin socket: %w", err), l.Close())
	}
	return l, nil
}
