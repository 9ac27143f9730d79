package report

// HTML is report.html.
func HTML(r Results) ([]byte, error) { return nil, nil }
