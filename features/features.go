// Package features holds the suite's feature files, embedded: one folder for
// each subject, and stories for what a citizen does.
//
// Each scenario carries its ID and level as tags and its clause in a comment;
// conformance reads them, and a test there polices them. Expected values are
// written out: nothing here is computed from what is judged.
package features

import "embed"

// Files are the feature files, by path: card/select.feature.
//
//go:embed */*.feature
var Files embed.FS
