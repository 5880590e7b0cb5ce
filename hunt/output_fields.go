package hunt

import (
	"aldebaran/escape"
	"aldebaran/event"
)

// maxPlans bounds how many layouts of events an encoder remembers; logs of a host have some hundred.
const maxPlans = 4096

// systemFields are those of the System part that outputs show among the fields, where the event
// has them: who did it and what the event says in words. The rest stands beside the fields or is
// of no use to an analyst.
var systemFields = [...]string{"Execution_ProcessID", "Security_UserID", "Message"}

// A fieldEncoder writes the fields of events as a JSON object.
type fieldEncoder struct {
	plans   map[*event.Shape][]fieldPlan
	scratch []byte
}

// fieldPlan is one name of an object: its JSON and the values that belong to it.
type fieldPlan struct {
	key    []byte // `"Image":`
	values []int
}

// append appends the object: names in the order of the event, each once. A value is its text, null
// if there is none, and a list where a name repeats or the value is a list.
func (f *fieldEncoder) append(dst []byte, e *event.Event) []byte {
	dst = append(dst, '{')
	for i, p := range f.plan(e.Shape) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, p.key...)
		if len(p.values) == 1 && e.Values[p.values[0]].Kind&event.Array == 0 {
			dst = f.value(dst, e.Values[p.values[0]])
			continue
		}
		dst = append(dst, '[')
		n := 0
		for _, at := range p.values {
			e.Values[at].Each(func(v event.Value) bool {
				if n++; n > 1 {
					dst = append(dst, ',')
				}
				dst = f.value(dst, v)
				return true
			})
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func (f *fieldEncoder) value(dst []byte, v event.Value) []byte {
	if v.IsNull() {
		return append(dst, "null"...)
	}
	if v.Kind == event.Text { // what is no UTF-8 in it is mended by either
		return escape.AppendJSON(dst, v.Raw)
	}
	f.scratch = v.AppendText(f.scratch[:0])
	return escape.AppendJSON(dst, f.scratch)
}

func (f *fieldEncoder) plan(s *event.Shape) []fieldPlan {
	if p, ok := f.plans[s]; ok {
		return p
	}
	if f.plans == nil || len(f.plans) >= maxPlans {
		f.plans = map[*event.Shape][]fieldPlan{}
	}
	p := makePlan(s)
	f.plans[s] = p
	return p
}

func makePlan(s *event.Shape) []fieldPlan {
	var plan []fieldPlan
	at := map[string]int{}
	add := func(name string, i int) {
		if j, ok := at[name]; ok {
			plan[j].values = append(plan[j].values, i)
			return
		}
		at[name] = len(plan)
		plan = append(plan, fieldPlan{append(escape.AppendJSON(nil, name), ':'), []int{i}})
	}
	for i, f := range s.Fields {
		if f.Part == event.Data {
			add(f.Name, i)
		}
	}
	for _, name := range systemFields {
		for _, i := range s.Lookup(name) {
			if s.Fields[i].Part == event.System {
				add(name, i)
			}
		}
	}
	return plan
}
