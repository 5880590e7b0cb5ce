package story

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"

	"golang.org/x/net/html/charset"
)

// Bounds of a message: real ones nest three deep (mixed, related, alternative) and have a few parts.
const (
	maxParts     = 200
	maxPartDepth = 8
)

var emailMarks = regexp.MustCompile(`(?im)^(?:received|return-path|delivered-to|message-id|mime-version|x-[\w-]+|from|date|subject|to): .`)

var fromLine = regexp.MustCompile(`(?im)^from: `)

// looksLikeEmail tells a message by its header: lines of names and values, with who wrote it.
func looksLikeEmail(data []byte) bool {
	data = withoutMbox(data)
	head, _, _ := bytes.Cut(data[:min(len(data), 16<<10)], []byte("\n\n"))
	if i := bytes.Index(head, []byte("\r\n\r\n")); i >= 0 {
		head = head[:i]
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	return emailMarks.Match(first) && len(emailMarks.FindAll(head, 3)) == 3 && fromLine.Match(head)
}

// withoutMbox takes off the line that mailboxes have before a message ("From a@b.example Thu Oct 2").
func withoutMbox(data []byte) []byte {
	if bytes.HasPrefix(data, []byte("From ")) {
		if _, rest, ok := bytes.Cut(data, []byte("\n")); ok {
			return rest
		}
	}
	return data
}

// readEmail reads a message (RFC 5322, MIME): its subject and the text of its parts; of alternatives
// the plain one. Attachments that are reports themselves are read, others are noted.
func readEmail(data []byte) (*document, error) {
	m, err := mail.ReadMessage(bytes.NewReader(withoutMbox(data)))
	if err != nil {
		return nil, fmt.Errorf("want an e-mail message: %w", err)
	}
	e := email{document: &document{format: "email"}, words: mime.WordDecoder{CharsetReader: charset.NewReaderLabel}}
	e.title = firstLine(e.decodeHeader(m.Header.Get("Subject")))
	if t, err := m.Header.Date(); err == nil {
		e.published = t.UTC()
	}
	e.block(e.title)
	e.part(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), "", m.Body, 0)
	return e.document, nil
}

// An email is a document while it is made of a message.
type email struct {
	*document
	words mime.WordDecoder
	parts int
}

func (e *email) decodeHeader(s string) string {
	if decoded, err := e.words.DecodeHeader(s); err == nil {
		s = decoded
	}
	// What stands beside encoded words may be bytes of any character set (RFC 5322 allows none).
	return strings.ToValidUTF8(s, "\ufffd")
}

// part reads a part of a message.
func (e *email) part(contentType, encoding, disposition string, body io.Reader, depth int) {
	if e.parts++; e.parts > maxParts || depth > maxPartDepth {
		if e.parts == maxParts+1 || depth > maxPartDepth {
			e.notes = append(e.notes, fmt.Sprintf("parts behind the first %d, or nested more than %d deep, were not read", maxParts, maxPartDepth))
		}
		return
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		e.multipart(kind, params["boundary"], body, depth)
	case kind == "message/rfc822":
		e.message(body, depth)
	default:
		e.content(kind, contentType, attachmentName(disposition, params), body)
	}
}

// multipart reads the parts of a part.
func (e *email) multipart(kind, boundary string, body io.Reader, depth int) {
	if boundary == "" {
		e.notes = append(e.notes, "a part of several does not say what is between them")
		return
	}
	r := multipart.NewReader(body, boundary)
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return
		}
		if err != nil {
			e.notes = append(e.notes, fmt.Sprintf("its parts end early: %v", err))
			return
		}
		before := e.text.Len()
		e.part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p.Header.Get("Content-Disposition"), p, depth+1)
		if kind == "multipart/alternative" && e.text.Len() > before {
			return // the plainest comes first (RFC 2046, 5.1.4)
		}
	}
}

// message reads a message within a message.
func (e *email) message(body io.Reader, depth int) {
	m, err := mail.ReadMessage(body)
	if err != nil {
		e.notes = append(e.notes, fmt.Sprintf("a message in it cannot be read: %v", err))
		return
	}
	e.block(e.decodeHeader(m.Header.Get("Subject")))
	e.part(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), "", m.Body, depth+1)
}

// content reads a part that has no parts.
func (e *email) content(kind, contentType, name string, body io.Reader) {
	data, err := io.ReadAll(io.LimitReader(body, maxRead))
	if err != nil {
		e.notes = append(e.notes, fmt.Sprintf("a part (%s) ends early: %v", kind, err))
	}
	var inner *document
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return
	case name == "" && kind == "text/html":
		text, _ := decode(data, contentType)
		inner = readHTML(text)
	case name == "" && strings.HasPrefix(kind, "text/"):
		text, _ := decode(data, contentType)
		inner = readPlain(text)
	case name == "" || looksLikeEmail(data):
		e.notes = append(e.notes, fmt.Sprintf("a part was not read: %s", kind))
		return
	default:
		if inner, err = open(data, name); err != nil || inner.plain != "" || !isText(kind, data) {
			e.notes = append(e.notes, fmt.Sprintf("an attachment was not read: %q", name))
			return
		}
	}
	e.append(inner)
}

// isText tells whether an attachment is made to be read.
func isText(kind string, data []byte) bool {
	return strings.HasPrefix(kind, "text/") || isPDF(data) || !bytes.ContainsRune(data[:min(len(data), 1024)], 0)
}

// attachmentName is what a part is called as a file, "" if it is a part of the message itself.
func attachmentName(disposition string, params map[string]string) string {
	kind, p, err := mime.ParseMediaType(disposition)
	if err == nil && p["filename"] != "" {
		return p["filename"]
	}
	if err == nil && kind == "attachment" && params["name"] == "" {
		return "attachment"
	}
	return params["name"]
}

// append adds another document behind what is there.
func (d *document) append(other *document) {
	offset := d.text.Len()
	d.add(other.text.String())
	for _, end := range other.ends {
		if offset+end <= d.text.Len() {
			d.ends = append(d.ends, offset+end)
		}
	}
	for _, start := range other.headings {
		d.headings = append(d.headings, offset+start)
	}
	d.end()
	d.notes = append(d.notes, other.notes...)
	if d.published.IsZero() {
		d.published = other.published
	}
}
