package sigma

import (
	"bytes"
	"strconv"

	"aldebaran/event"
)

// managementRoutes serve "service: msexchange-management": what was done to an Exchange server with
// its cmdlets. The same cmdlet leaves its trace in up to three logs.
var managementRoutes = []Route{
	{
		Product: "windows", Channels: []string{"msexchange management"},
		Fields: managementFields, Name: "Windows msexchange-management",
	},
	{
		Product: "exchange", Service: "msexchange-management",
		Fields: cmdletFields, Weak: true, Name: "Exchange CmdletInfra",
	},
	{
		Product: "exchange", Service: "msexchange-ecp",
		Fields: controlPanelFields, Weak: true, Name: "Exchange ECP",
	},
}

// managementFields name what events 1 (succeeded), 6 (failed) and 8 (exception) of the provider
// "MSExchange CmdletLogs" hold: Data without names, in an order that is the same from Exchange 2010
// to 2019. Keywords are looked for in the sentence that people see too, because rules are written
// for it: " -Mailbox " has a blank before it there, but begins a Data.
var managementFields = windowsFields.with(Mapping{
	"":        {From: []string{"Data"}, Make: managementText(true)},
	"Message": {From: []string{"Message", "EventID", "Data"}, OwnFirst: true, Make: managementText(false)},
	"Data":    {From: []string{"Data", "EventID"}, Make: managementText(false), Also: []Derivation{{From: []string{"Data"}}}},

	"CmdletName":        managementField("CmdletName", 0, 2),
	"Cmdlet":            managementField("Cmdlet", 0, 2),
	"CmdletParameters":  managementField("CmdletParameters", 1, -1),
	"Parameters":        managementField("Parameters", 1, -1),
	"User":              managementField("User", 2, -1),
	"AuthenticatedUser": managementField("AuthenticatedUser", 2, -1),
	"UserSid":           managementField("UserSid", 3, -1),
	"ExecutingUserSid":  managementField("ExecutingUserSid", 4, -1),
	"ClientApplication": managementField("ClientApplication", 5, -1),
	"Process":           managementField("Process", 6, 0),
	"ThreadId":          managementField("ThreadId", 8, 1),
	"Duration":          managementField("Duration", 9, -1),
	"ADServerSettings":  managementField("ADServerSettings", 10, -1),
	"Exception":         managementField("Exception", 11, 3),
	"ActivityId":        managementField("ActivityId", 23, -1),
	"CultureInfo":       managementField("CultureInfo", 26, -1),
	"Outcome":           {From: []string{"Outcome", "EventID", "Data"}, OwnFirst: true, Make: mailOutcome},
})

// managementField is the own field of that name, else the Data at a place of events 1 and 6, or at
// another of event 8; -1 is none.
func managementField(name string, at, atException int) Derivation {
	return Derivation{From: []string{name, "EventID", "Data"}, OwnFirst: true, Make: func(dst []byte, e *event.Event) ([]byte, bool) {
		if text, ok := appendField(dst, e, name); ok {
			return text, true
		}
		n := at
		switch e.EventID {
		case 1, 6:
		case 8:
			n = atException
		default:
			return dst, false
		}
		if n < 0 {
			return dst, false
		}
		text, ok := appendData(dst, e, n)
		if name == "ActivityId" {
			const label = "ActivityId: "
			if rest, found := bytes.CutPrefix(text[len(dst):], []byte(label)); found {
				text = text[:len(dst)+copy(text[len(dst):], rest)]
			}
		}
		return text, ok
	}}
}

// appendData appends the n-th element of the event's Data, whether they stand in one list or each
// in a field of its own; or of param1, param2, ... as Elastic's shipper calls them.
func appendData(dst []byte, e *event.Event, n int) (text []byte, ok bool) {
	at := e.Shape.Lookup("Data")
	if at == nil {
		var name [8]byte
		return appendParam(dst, e, strconv.AppendUint(append(name[:0], "param"...), uint64(n+1), 10))
	}
	for _, i := range at {
		e.Values[i].Each(func(v event.Value) bool {
			if n == 0 && !v.IsNull() {
				dst, ok = v.AppendText(dst), true
			}
			n--
			return n >= 0
		})
		if n < 0 {
			break
		}
	}
	return dst, ok
}

func appendParam(dst []byte, e *event.Event, name []byte) ([]byte, bool) {
	for i, f := range e.Shape.Fields {
		if f.Name == string(name) && !e.Values[i].IsNull() {
			return e.Values[i].AppendText(dst), true
		}
	}
	return dst, false
}

// managementText is the sentence of the event, and behind it all values, one a line: those of the
// payload, or of the whole event. The sentences are those of Exchange's own message table, with its
// spelling.
func managementText(whole bool) func([]byte, *event.Event) ([]byte, bool) {
	return func(dst []byte, e *event.Event) ([]byte, bool) {
		start := len(dst)
		if text, ok := appendField(dst, e, "Message"); ok && !whole {
			return text, true
		}
		dst = appendManagementSentence(dst, e)
		return appendValues(dst, e, start, whole)
	}
}

func appendManagementSentence(dst []byte, e *event.Event) []byte {
	start := len(dst)
	part := func(before string, n int) {
		dst = append(dst, before...)
		dst, _ = appendData(dst, e, n)
	}
	switch e.EventID {
	case 1, 6:
		if e.EventID == 1 {
			part("Cmdlet suceeded. Cmdlet ", 0) //nolint:misspell // Exchange writes it so
		} else {
			part("Cmdlet failed. Cmdlet ", 0)
		}
		part(", parameters ", 1)
		dst = append(dst, '.')
	case 8:
		part("(PID ", 0)
		part(", Thread ", 1)
		part(") Task ", 2)
		part(" throwing unhandled exception: ", 3)
	default:
		return dst[:start]
	}
	return dst
}

// appendValues appends each value of an event on a line of its own; ok is false if nothing stands
// behind start then.
func appendValues(dst []byte, e *event.Event, start int, whole bool) ([]byte, bool) {
	for i, f := range e.Shape.Fields {
		if f.Part != event.Data && !whole {
			continue
		}
		e.Values[i].Each(func(v event.Value) bool {
			if v.IsNull() {
				return true
			}
			if len(dst) > start {
				dst = append(dst, '\n')
			}
			dst = v.AppendText(dst)
			return true
		})
	}
	return dst, len(dst) > start
}

// cmdletFields let the text logs CmdletInfra\Powershell-Proxy and LocalPowerShell, which hold the
// same cmdlets with the same parameters, serve rules that were written for the event log.
var cmdletFields = Mapping{
	"":                 {Make: cmdletText(true)},
	"Message":          {Make: cmdletText(true)},
	"Data":             {Make: cmdletText(true)},
	"EventID":          {From: []string{"ExecutionResult", "ErrorType"}, Make: cmdletEventID},
	"Provider_Name":    {Make: constant("MSExchange CmdletLogs")},
	"Channel":          {Make: constant("MSExchange Management")},
	"Computer":         {From: []string{"ServerHostName"}},
	"ComputerName":     {From: []string{"ServerHostName"}},
	"CmdletName":       {From: []string{"Cmdlet"}},
	"CmdletParameters": {From: []string{"Parameters"}},
	"User":             {From: []string{"AuthenticatedUser"}},
	"UserSid":          {From: []string{"ExecutingUserSid"}},
	"Process":          {From: []string{"ProcessName"}},
	"Duration":         {From: []string{"TotalTime"}},
	"Exception":        {From: []string{"GenericErrors"}},
	"ActivityId":       {From: []string{"RequestId"}},
}

func constant(text string) func([]byte, *event.Event) ([]byte, bool) {
	return func(dst []byte, _ *event.Event) ([]byte, bool) { return append(dst, text...), true }
}

// cmdletEventID is the number of the Windows event that Exchange writes for such a cmdlet.
func cmdletEventID(dst []byte, e *event.Event) ([]byte, bool) {
	if cmdletFailed(e) {
		return append(dst, '6'), true
	}
	return append(dst, '1'), true
}

func cmdletFailed(e *event.Event) bool {
	if v, ok := e.Get("ExecutionResult"); ok && len(v.Raw) > 0 {
		return !equalASCII(v.Raw, "Success")
	}
	v, ok := e.Get("ErrorType")
	return ok && len(v.Raw) > 0
}

// cmdletText is the sentence that stands in the event log for such a cmdlet, and all values.
func cmdletText(whole bool) func([]byte, *event.Event) ([]byte, bool) {
	return func(dst []byte, e *event.Event) ([]byte, bool) {
		start := len(dst)
		sentence := "Cmdlet suceeded. Cmdlet " //nolint:misspell // Exchange writes it so
		if cmdletFailed(e) {
			sentence = "Cmdlet failed. Cmdlet "
		}
		dst = append(dst, sentence...)
		dst, _ = appendField(dst, e, "Cmdlet")
		dst = append(dst, ", parameters "...)
		dst, _ = appendField(dst, e, "Parameters")
		dst = append(dst, '.')
		return appendValues(dst, e, start, whole)
	}
}

// controlPanelFields let the logs of Exchange's control panel, in which the cmdlets stand that its
// pages ran, serve the same rules. It writes
//
//	Set-OabVirtualDirectory.ExternalUrl='http://...'.Identity='...'
//
// for what the event log calls Set-OabVirtualDirectory, -ExternalUrl "http://..." -Identity "...".
var controlPanelFields = Mapping{
	"":                 {Make: controlPanelText},
	"Message":          {Make: controlPanelText},
	"Data":             {Make: controlPanelText},
	"EventID":          {Make: constant("1")},
	"Provider_Name":    {Make: constant("MSExchange CmdletLogs")},
	"Channel":          {Make: constant("MSExchange Management")},
	"Computer":         {From: []string{"ServerName"}},
	"ComputerName":     {From: []string{"ServerName"}},
	"CmdletName":       {From: []string{"Command"}, Make: controlPanelCmdlet},
	"Cmdlet":           {From: []string{"Command"}, Make: controlPanelCmdlet},
	"CmdletParameters": {From: []string{"Command"}, Make: controlPanelParameters},
	"Parameters":       {From: []string{"Command"}, Make: controlPanelParameters},
}

func controlPanelText(dst []byte, e *event.Event) ([]byte, bool) {
	start := len(dst)
	var ok bool
	if dst, ok = controlPanelCmdlet(dst, e); ok {
		dst = append(dst, ", parameters "...)
		dst, _ = controlPanelParameters(dst, e)
	}
	return appendValues(dst, e, start, true)
}

func controlPanelCmdlet(dst []byte, e *event.Event) ([]byte, bool) {
	v, ok := e.Get("Command")
	if !ok || v.IsNull() {
		return dst, false
	}
	name, _, _ := bytes.Cut(v.Raw, []byte{'.'})
	return append(dst, name...), true
}

// controlPanelParameters writes .Name='value' as -Name "value"; ” inside a value is one quote.
func controlPanelParameters(dst []byte, e *event.Event) ([]byte, bool) {
	v, ok := e.Get("Command")
	if !ok || v.IsNull() {
		return dst, false
	}
	start := len(dst)
	_, rest, _ := bytes.Cut(v.Raw, []byte{'.'})
	for len(rest) > 0 {
		name, value, assigned := bytes.Cut(rest, []byte{'='})
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		dst = append(append(dst, '-'), name...)
		if !assigned {
			break
		}
		dst = append(dst, ` "`...)
		if len(value) > 0 && value[0] == '\'' {
			value = value[1:]
			for len(value) > 0 {
				if value[0] == '\'' {
					if len(value) < 2 || value[1] != '\'' {
						value = value[1:]
						break
					}
					value = value[1:]
				}
				dst, value = append(dst, value[0]), value[1:]
			}
		} else {
			end := bytes.IndexByte(value, '.')
			if end < 0 {
				end = len(value)
			}
			dst, value = append(dst, value[:end]...), value[end:]
		}
		dst = append(dst, '"')
		rest = bytes.TrimPrefix(value, []byte{'.'})
	}
	return dst, true
}
