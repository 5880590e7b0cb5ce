package behaviour

import (
	"bytes"
	"fmt"
	"strconv"
)

// What analytics of connections have in common: who connected to whom, by numbers where those are known.

// A connection is what a record of the view Network says about its ends; it is made once for all analytics.
type connection struct {
	source, target peer
	// port is that of the target, 0 if it is not a number.
	port uint16
	// known says that both ends are named, by texts that are short enough.
	known bool
}

// A peer is one end of a connection.
type peer struct {
	// plain says that it is an address of four numbers, and ip which.
	plain bool
	ip    uint32
	// text is another address, or a name; it is valid as long as the record.
	text []byte
}

func (p *peer) set(text []byte) {
	if p.ip, p.plain = plainIPv4(text); !p.plain {
		p.text = text
	}
}

// isOutside tells whether it is an address of the internet.
func (p *peer) isOutside() bool {
	if p.plain {
		return isOutsideIPv4(p.ip)
	}
	return bytes.IndexByte(p.text, ':') >= 0 && isOutside(string(p.text)) // others are names
}

// isLoopback tells whether it is the computer's own address.
func (p *peer) isLoopback() bool {
	if p.plain {
		return isLoopbackIPv4(p.ip)
	}
	return isLoopback(p.text)
}

func isLoopbackIPv4(ip uint32) bool { return ip>>24 == 127 }

// connectionMemory is the connection that a record is about, once somebody asked.
type connectionMemory struct {
	made bool // of the record at hand
	connection
}

// connection gives the ends of a record of the view Network.
func (r *Record) connection() *connection {
	m := &r.ends
	if !m.made {
		m.made = true
		source, target := r.Text(NetSource), r.Text(NetTarget)
		m.port = portOf(r.Text(NetTargetPort))
		if m.known = source != nil && target != nil && len(source) <= maxAddress && len(target) <= maxAddress; m.known {
			m.source.set(source)
			m.target.set(target)
		}
	}
	return &m.connection
}

// portOf reads a port in decimal, without leading zeros; 0 if it is none.
func portOf(text []byte) uint16 {
	n := 0
	for i, c := range text {
		if c < '0' || c > '9' || n > 6553 || n == 0 && i > 0 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	if n > 65535 {
		return 0
	}
	return uint16(n)
}

// A portSet is a set of ports.
type portSet [1 << 16 / 64]uint64

// newPortSet reads a list of ports.
func newPortSet(list []string) (*portSet, error) {
	var set portSet
	for _, text := range list {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 {
			return nil, fmt.Errorf("want ports from 1 to 65535, found %q", text)
		}
		set[port/64] |= 1 << (port % 64)
	}
	return &set, nil
}

func (s *portSet) has(port uint16) bool { return s[port/64]>>(port%64)&1 != 0 }

// A hostID is a host by a number: of an address of four numbers that address, of others namedHost and more.
type hostID uint64

const namedHost hostID = 1 << 32

// hostIDs are the numbers of hosts that are told apart by their texts.
type hostIDs struct{ names texts }

// maxNamedHosts is how many hosts are told apart that are not named by an address of four numbers.
const maxNamedHosts = 100_000

// maxHostName is the longest name of a host (RFC 1035, 2.3.4).
const maxHostName = 255

func newHostIDs() hostIDs { return hostIDs{texts{max: maxNamedHosts}} }

// of gives the number of a host; false if there is no room, or no host has such a name.
func (h *hostIDs) of(p *peer) (hostID, bool) {
	if p.plain {
		return hostID(p.ip), true
	}
	if len(p.text) > maxHostName {
		return 0, false
	}
	n, ok := h.names.number(p.text)
	return namedHost + hostID(n), ok
}

// text is the host's address or name.
func (h *hostIDs) text(id hostID) string {
	if id < namedHost {
		return fmt.Sprintf("%d.%d.%d.%d", id>>24, id>>16&0xff, id>>8&0xff, id&0xff)
	}
	return string(h.names.text(uint32(id - namedHost)))
}

// isFull tells whether there is no room for another name.
func (h *hostIDs) isFull() bool { return len(h.names.ends) >= maxNamedHosts }

// take gives the number here of a host that has another one in other evidence; false if there is no room.
func (h *hostIDs) take(other *hostIDs, id hostID) (hostID, bool) {
	if id < namedHost {
		return id, true
	}
	n, ok := h.names.number(other.names.text(uint32(id - namedHost)))
	return namedHost + hostID(n), ok
}

// join gives a function that says which number here a host has that has another one in a later piece of
// evidence; false if there is no room.
func (h *hostIDs) join(later *hostIDs) func(hostID) (hostID, bool) {
	numbers := h.names.join(&later.names)
	return func(id hostID) (hostID, bool) {
		if id < namedHost {
			return id, true
		}
		n := numbers[id-namedHost]
		return namedHost + hostID(n), n != noNumber
	}
}

// A service is what administrators use to work on other hosts.
type service uint8

const (
	noService service = iota
	serviceSSH
	serviceWMI
	serviceSMB
	serviceRDP
	serviceWinRM
	serviceSQL
)

func (s service) String() string {
	return [...]string{"", "SSH", "WMI", "SMB", "RDP", "WinRM", "SQL Server"}[s]
}

// adminService is the service that a port is for by which administrators work on other hosts.
func adminService(port uint16) service {
	switch port {
	case 22:
		return serviceSSH
	case 135:
		return serviceWMI
	case 139, 445:
		return serviceSMB
	case 3389:
		return serviceRDP
	case 5985, 5986:
		return serviceWinRM
	}
	return noService
}
