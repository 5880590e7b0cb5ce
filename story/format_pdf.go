package story

import "bytes"

// isPDF tells a PDF by its header, which may stand behind some bytes of others (ISO 32000-1, annex H).
func isPDF(data []byte) bool { return bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")) }

func readPDF(data []byte) (*document, error) { return nil, errEmpty }
