package ncsa

import (
	"fmt"
	"strconv"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// A Reader reads units of logs, one after the other, and keeps its buffers and layouts: one for
// each goroutine.
type Reader struct {
	opt    lines.Options
	lines  lines.Reader
	parser parser
	shapes map[uint32]*event.Shape
	last   *event.Shape // of lastKey
	key    uint32
	hosts  lines.Names
	event  event.Event
	values []event.Value
	tally  lines.Tally

	// of the unit at hand
	emit           func(*event.Event) bool
	zoned, unzoned bool // the clock was told by a line that says its zone, or one that does not
}

// NewReader makes a reader.
func NewReader(opt lines.Options) *Reader {
	r := &Reader{opt: opt, shapes: map[uint32]*event.Shape{}}
	r.parser.loc = opt.Location()
	return r
}

// Read hands every line of a unit to emit, in order, until emit says false. The error is one of the
// file system; lines that could not be read are in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.emit = emit
	r.tally.Start(f.log, event.Clock{})
	r.zoned, r.unzoned = false, false
	r.event = event.Event{Source: event.Source{Path: f.log.Path, Chunk: -1}}
	err := r.lines.Read(f.log, u, r.line)
	return r.tally.End(), err
}

func (r *Reader) line(l lines.Line) bool {
	if !r.tally.Line(&l) {
		return true
	}
	text := l.Text
	if text[0] == '#' {
		return true // a remark
	}
	p := &r.parser
	if !p.parse(text) {
		what := "line"
		if l.Open {
			what = "last line (it may be half written)"
		}
		r.tally.Damage(l.Offset, what, "a request, or an error of Apache or nginx", lines.Quote(text), 1)
		return true
	}
	switch {
	case l.Cut:
		r.tally.Damage(l.Offset, "line", fmt.Sprintf("at most %d bytes", lines.MaxLine), strconv.FormatInt(l.Length, 10), 0)
	case p.unclosed && l.Open:
		r.tally.Damage(l.Offset, "last line (it may be half written)", "the end of the request", lines.Quote(text), 0)
	case p.unclosed:
		r.tally.Damage(l.Offset, "line", "the end of the request", lines.Quote(text), 0)
	}
	r.tellClock()
	e := &r.event
	r.fill(e)
	e.Time = p.time
	if p.time.Unix() == 0 {
		e.Time = time.Time{} // Tomcat writes 1970 for a request that it could not read
	}
	e.Source.Offset, e.Source.Length = l.Offset, l.Length
	e.Computer = r.hosts.Of(p.computer)
	r.tally.Report.Events++
	return r.emit(e)
}

// tellClock says how the times of the unit were read: by its first line, but for one whose zone had
// to be taken from elsewhere if there is any.
func (r *Reader) tellClock() {
	switch p := &r.parser; {
	case !p.zoned && !r.unzoned:
		r.unzoned, r.zoned = true, true
		r.tally.Report.Clock = r.opt.Clock()
	case p.zoned && !r.zoned:
		r.zoned = true
		r.tally.Report.Clock = event.Clock{Zone: zoneName(p.zone), How: "each line says its zone; this is the first"}
	}
}

// zoneName gives +0300 as +03:00, and no offset as UTC.
func zoneName(zone []byte) string {
	name := string(zone)
	if len(name) == len("+0300") {
		name = name[:3] + ":" + name[3:]
	}
	if name == "+00:00" || name == "-00:00" {
		return "UTC"
	}
	return name
}

// The optional parts of a line: a layout is a kind and which of these are there.
const (
	partHost uint32 = 1 << iota
	partPort
	partIdent
	partID
	partUser
	partScheme
	partReferer
	partAgent
	partForwarded
	partMore
	partDuration
	partThread
	partModule
	partServer
	partURI
	partRequest
	partClientPort
	partBits = 17
)

// fill sets the event's layout, values and log source from the parsed line.
func (r *Reader) fill(e *event.Event) {
	p := &r.parser
	parts := has(p.host, partHost) | has(p.port, partPort) | has(p.ident, partIdent) | has(p.id, partID) |
		has(p.user, partUser) | has(p.scheme, partScheme) | has(p.referer, partReferer) | has(p.agent, partAgent) |
		has(p.forwarded, partForwarded) | has(p.more, partMore) | has(p.duration, partDuration) | has(p.thread, partThread) |
		has(p.module, partModule) | has(p.server, partServer) | has(p.uri, partURI) |
		has(p.clientPort, partClientPort)
	if p.requested {
		parts |= partRequest
	}
	if key := parts | uint32(p.kind)<<partBits; key != r.key || r.last == nil {
		shape := r.shapes[key]
		if shape == nil {
			shape = newShape(p.kind, parts) // at most as many as there are keys
			r.shapes[key] = shape
		}
		r.key, r.last = key, shape
	}
	e.Shape = r.last
	v := r.values[:0]
	add := func(b []byte) {
		kind := event.Text
		if b == nil || len(b) == 1 && b[0] == '-' {
			kind = event.Null
		}
		v = append(v, event.Value{Raw: b, Kind: kind})
	}
	optional := func(part uint32, b []byte) {
		if parts&part != 0 {
			add(b)
		}
	}
	add(p.client)
	optional(partClientPort, p.clientPort)
	optional(partHost, p.host)
	optional(partPort, p.port)
	if p.kind == apacheError || p.kind == nginxError {
		e.Product, e.Category, e.Service = "apache", "", "error"
		if p.kind == nginxError {
			e.Product = "nginx"
		}
		optional(partModule, p.module)
		add(p.level)
		add(p.process)
		optional(partServer, p.server)
		add(p.message)
	} else {
		e.Product, e.Category, e.Service = "", "webserver", "access"
		if p.iis {
			e.Service = "iis"
		}
		if p.kind == proxied {
			e.Category = "proxy"
		}
		optional(partIdent, p.ident)
		optional(partID, p.id)
		optional(partUser, p.user)
		optional(partReferer, p.referer)
		optional(partAgent, p.agent)
		optional(partForwarded, p.forwarded)
		optional(partDuration, p.duration)
		optional(partThread, p.thread)
		add(p.status)
		add(p.bytes)
		optional(partMore, p.more)
	}
	if parts&partRequest != 0 {
		optional(partScheme, p.scheme)
		add(p.method)
		optional(partURI, p.uri)
		add(p.stem)
		add(p.query)
		add(p.version)
	}
	e.Values, r.values = v, v
}

// has is the part if it is there.
func has(value []byte, part uint32) uint32 {
	if value == nil {
		return 0
	}
	return part
}

// newShape makes the layout of a kind of line with these parts; the order is that of fill.
func newShape(k kind, parts uint32) *event.Shape {
	var fields []event.Field
	add := func(name, path string) {
		fields = append(fields, event.Field{Name: name, Path: path})
	}
	optional := func(part uint32, name, path string) {
		if parts&part != 0 {
			add(name, path)
		}
	}
	add("c-ip", "client")
	optional(partClientPort, "c-port", "client port")
	optional(partHost, "cs-host", "host")
	optional(partPort, "s-port", "port")
	if k == apacheError || k == nginxError {
		optional(partModule, "module", "module")
		add("level", "level")
		add("pid", "pid")
		optional(partServer, "server", "server")
		add("message", "message")
	} else {
		optional(partIdent, "c-ident", "ident")
		optional(partID, "request-id", "request id")
		optional(partUser, "cs-username", "user")
		optional(partReferer, "cs-referer", "Referer")
		optional(partAgent, "cs-user-agent", "User-Agent")
		optional(partForwarded, "x-forwarded-for", "X-Forwarded-For")
		optional(partDuration, "time-taken", "duration")
		optional(partThread, "thread", "thread")
		add("sc-status", "status")
		add("sc-bytes", "bytes")
		optional(partMore, "extra-columns", "more")
	}
	if parts&partRequest != 0 {
		optional(partScheme, "cs-uri-scheme", "request/scheme")
		add("cs-method", "request/method")
		optional(partURI, "cs-uri", "request/uri")
		add("cs-uri-stem", "request/path")
		add("cs-uri-query", "request/query")
		add("cs-version", "request/version")
	}
	return &event.Shape{Fields: fields}
}
