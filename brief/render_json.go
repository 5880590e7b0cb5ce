package brief

import (
	"bytes"
	"encoding/json"
	"io"

	"aldebaran/escape"
)

// form is what the document says it is; a change that would break its readers counts it up.
const form = "brief 1"

// IsJSON tells whether a file that begins so is a brief as [JSON] writes it.
func IsJSON(begin []byte) bool {
	return bytes.HasPrefix(begin, []byte("{\n  \"aldebaran\": \"brief "))
}

// JSON writes a brief as one JSON document; docs/formats/brief.md describes it.
func JSON(w io.Writer, b *Brief) error {
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(escape.JSON(text), '\n'))
	return err
}
