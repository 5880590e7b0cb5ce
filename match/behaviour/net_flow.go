package behaviour

// Logs of connections have a line for each, and most lines say nothing but who connected to whom, where
// and when. What is known of the two stands in tables that are larger than the processor's cache. So such
// records are looked at some at a time: it fetches for all of them at once.

// A plainFlow is a connection between addresses of four numbers of which its ends, port and time are all that a
// log says to analytics.
type plainFlow struct {
	source, target uint32
	port           uint16
	at             recordAt
}

// flows are those that nobody has looked at yet. All are from one origin.
type flows struct {
	list []plainFlow
	from origin
	// keys are room for those of one table.
	keys []twoNumbers
}

// maxFlows is how many are looked at a time.
const maxFlows = 32

func newFlows() flows {
	return flows{list: make([]plainFlow, 0, maxFlows), keys: make([]twoNumbers, 0, 2*maxFlows)}
}

// A flowState is that of an analytic that looks at flows. To others, a connection of which no program and
// no name of a host is known is nothing.
type flowState interface {
	State
	seeFlows(*flows)
}

// seeFlow takes note of a record of the view Network, if it is a flow.
func (m *Matcher) seeFlow(r *Record) bool {
	if r.Has(NetImage) || r.Has(NetInitiated) || r.Has(NetTargetHost) || r.Time().IsZero() {
		return false
	}
	c := r.connection()
	if !c.known || !c.source.plain || !c.target.plain {
		return false
	}
	from := originOf(r)
	if len(m.flows.list) == maxFlows || m.flows.from != from {
		m.seeFlows()
		m.flows.from = from
	}
	m.flows.list = append(m.flows.list, plainFlow{c.source.ip, c.target.ip, c.port, recordAtOf(r.Event, 0)})
	return true
}

// seeFlows shows the flows to the analytics. What comes later of other kinds must not be seen before them.
func (m *Matcher) seeFlows() {
	if len(m.flows.list) == 0 {
		return
	}
	for _, i := range m.set.flows {
		m.state(i).(flowState).seeFlows(&m.flows)
	}
	m.flows.list = m.flows.list[:0]
}
