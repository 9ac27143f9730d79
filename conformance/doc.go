// Package conformance runs the suite: it plans which checks to run, runs each
// in a world of its own, and says what it found.
//
// [List] and [Run] begin alike: they read the features, ours that are embedded
// or a stranger's by path, and choose. Before anything is switched on, every
// step is looked up in the vocabulary; one that isn't there is a [UsageError]
// that proposes the nearest. Then the scenarios run in two lanes: first those
// that don't touch one another, several at once if asked, then those tagged
// @lane-issuer, one at a time, because their lie concerns the whole issuer or
// CA.
//
// A check is a scenario with an ID. The rows of an outline are one check, whose
// verdict is its worst row's. Its tags are its ID (@CA-12) and level (@must,
// @should, @behaviour, @performance, @imported), and where it needs them
// @lane-issuer and @needs-WORD for what a rig must show; a comment line
// "# clause: …" above it says where the criterion is written: a standard, or a row of
// docs/FIDELITY.md.
//
// The verdict lives in our world, not in the runner's status: a step's Failure
// is failed, a control that fails is inconclusive, any other error is error.
// Without Strict a failing @should is warned; a failing @behaviour always is.
//
// A run repeats itself from its seed: each scenario's random numbers come from
// the seed and its ID, so one check alone does what it did in the whole run.
// The order is the catalogue's; only when several run at once is it shuffled,
// by the seed, so that neighbours vary from run to run.
package conformance
