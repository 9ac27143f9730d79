// Package steps is the suite's vocabulary: what a feature file can say, in
// English and in Japanese, and what happens then.
//
// A step is bound once. Its [Row] holds the sentence in both languages, what it
// does in one line, and the function; the placeholders {string}, {int}, {hex},
// {word} and {duration} stand in the same order in both sentences, and the
// function takes them after its [World]. There is one file for each player:
// card, login, http, provider, pki, reader, fault, and story for the little
// services of the stories. [Vocabulary] is the list for people who write
// features; [Nearest] helps when they mistype.
//
// A step that finds the subject wrong returns a [Failure], made by [Expect],
// with what was expected beside what was observed. [Inconclusive] says that a
// control failed or that there was no evidence. Any other error means that we
// are wrong ourselves.
//
// Steps import no player and no table of rows: what is expected stands in the
// feature, literally, or comes from a clause. They act through the bench, the
// terminal, the phone and HTTP, like anybody else.
package steps
