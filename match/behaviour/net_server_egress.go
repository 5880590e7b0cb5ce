package behaviour

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"aldebaran/english"
	"aldebaran/event"
)

// netServerEgress finds a server program that begins connections where it has no business: to the
// internet, or to where administrators work (RDP, SSH, WinRM, SMB).
//
// Web servers, mail servers and databases answer. What they ask themselves is known: mail goes to port
// 25, certificates are checked at a few hosts, applications have their databases. A web server's
// process that speaks RDP carries somebody's tunnel; one that goes to an unknown address outside has
// been told to.
//
// Sources: MITRE ATT&CK T1090, T1041; CISA AA21-062A; SensePost's reGeorg and SECFORCE's Tunna as seen from the
// server (EVTX-ATTACK-SAMPLES "tunna_iis_rdp_smb_tunneling"); Unit 42, "Phantom Taurus" (2025).
func netServerEgress() Analytic {
	return Analytic{
		Rule: Rule{
			ID:          "net-server-egress",
			Title:       "Server Program Connects to Where It Has No Business",
			Level:       "medium",
			Description: "A program that serves the web, mail or a database began connections to an address outside, or to ports that administrators use.",
			Why: "Servers answer; whom they ask themselves is known. A connection of their own to the internet is how stolen data leaves and " +
				"tools come in, and a web server that speaks RDP or SMB is a tunnel through a web shell.",
			Benign: "Applications fetch from partners and payment services, check certificates, and keep content on file servers: ask who " +
				"runs the application, and add what is known to the lists.",
			Next: []string{
				"Look what the program was asked for at that time: requests to rare pages, statements of the database.",
				"Look who owns the address, and for it in all other logs.",
				"Look for programs that the server program started and files that it wrote.",
			},
			Tags:       []string{"attack.command-and-control", "attack.exfiltration", "attack.t1041", "attack.t1090.001", "attack.t1572"},
			References: []string{"https://attack.mitre.org/techniques/T1090/", "https://unit42.paloaltonetworks.com/phantom-taurus/"},
		},
		Views: []View{Network},
		Params: []Param{
			{"hours", 48, "hours", "shortest period in which first seen means something; from then on only those outside are told that the first half did not have"},
			{"destinations", 20, "addresses", "most addresses outside of one program: with more it is made to go out"},
		},
		Lists: []List{
			{"programs", serverPrograms, "names of programs that serve"},
			{"hosts", usualHosts, "ends of host names that servers ask for sound reasons"},
		},
		New: func(s Settings) (func() State, error) {
			o := &egressOptions{period: s.Hours("hours"), destinations: s.Int("destinations"), programs: s.List("programs"), hosts: lowerAll(s.List("hosts"))}
			return func() State { return &egress{egressOptions: o, seen: table[egressTo]{max: maxEgress}} }, nil
		},
	}
}

// maxEgress is how many different destinations of server programs are kept.
const maxEgress = 20_000

var serverPrograms = []string{
	"w3wp.exe", "httpd.exe", "nginx.exe", "php-cgi.exe", "php.exe", "tomcat.exe", "tomcat7.exe", "tomcat8.exe", "tomcat9.exe", "tomcat10.exe", "jbosssvc.exe", "coldfusion.exe", "ws_tomcatservice.exe",
	"umworkerprocess.exe", "msexchangemailboxreplication.exe", "microsoft.exchange.store.worker.exe", "microsoft.exchange.rpcclientaccess.service.exe", "edgetransport.exe",
	"sqlservr.exe", "sqlagent.exe", "mysqld.exe", "mariadbd.exe", "postgres.exe", "oracle.exe", "tnslsnr.exe", "mongod.exe",
	"httpd", "nginx", "apache2", "php-fpm", "mysqld", "mariadbd", "postgres", "sqlservr",
}

var usualHosts = []string{
	"microsoft.com", "windowsupdate.com", "windows.com", "windows.net", "office.com", "office365.com", "outlook.com", "msocsp.com", "digicert.com", "verisign.com", "symcb.com", "symcd.com",
	"globalsign.com", "globalsign.net", "sectigo.com", "comodoca.com", "usertrust.com", "godaddy.com", "entrust.net", "letsencrypt.org", "lencr.org", "amazontrust.com", "akamaitechnologies.com",
}

type egressOptions struct {
	period          time.Duration
	destinations    int
	programs, hosts []string
}

// egressTo is what a program of a host began to one address and port.
type egressTo struct {
	host, image, address, port string
	outside                    bool
	service                    service
	count                      int
	period                     event.Period
	samples                    sampler[recordAt]
}

type egress struct {
	*egressOptions
	seen    table[egressTo]
	origins origins
	key     []byte
}

// See keeps connections that server programs began, other than those that they are there for.
func (s *egress) See(r *Record) {
	image := r.Text(NetImage)
	if image == nil || !namedOneOf(image, s.programs) || isWord(r.Text(NetInitiated), "false") {
		return
	}
	address, port := r.Text(NetTarget), r.Text(NetTargetPort)
	if address == nil || len(address) > maxAddress || len(port) > len("65535") {
		return
	}
	outside := isOutside(string(address))
	switch string(port) {
	case "25", "53", "123":
		return
	}
	service := adminService(portOf(port))
	if !outside && service == noService {
		return
	}
	if name := strings.ToLower(string(r.Text(NetTargetHost))); slices.ContainsFunc(s.hosts, func(h string) bool { return name == h || strings.HasSuffix(name, "."+h) }) {
		return
	}
	host := r.Host()
	s.key = append(append(append(append(s.key[:0], host...), 0), lastPart(image)...), 0)
	s.key = append(append(append(s.key, address...), 0), port...)
	e := s.seen.get(s.key)
	if e == nil {
		return
	}
	if e.count == 0 {
		*e = egressTo{host: host, image: string(lastPart(image)), address: string(address), port: string(port), outside: outside, service: service}
	}
	e.count++
	e.period.Add(r.Time())
	e.samples.add(s.origins.keep(r))
}

// isWord compares with a word in lower case, without regard to case.
func isWord(b []byte, word string) bool { return len(b) == len(word) && hasPrefixFold(b, word) }

// Join adds a later piece of evidence.
func (s *egress) Join(later State) {
	o := later.(*egress)
	origins := s.origins.join(&o.origins)
	for _, e := range o.seen.each() {
		e.samples.each(func(at *recordAt) { at.origin = origins[at.origin] })
	}
	s.seen.join(&o.seen, func(into, from *egressTo) {
		into.count += from.count
		into.period.Join(from.period)
		into.samples.join(&from.samples)
	})
}

// Finish puts together what one program of a host did, of one kind.
func (s *egress) Finish(f *Finishing) {
	if s.seen.full {
		f.Note("server programs have more than %d destinations: later ones were not looked at", maxEgress)
	}
	groups := table[[]*egressTo]{max: 2 * maxEgress}
	for _, e := range s.seen.each() {
		service := e.service.String()
		if e.outside {
			service = "outside"
		}
		g := groups.get([]byte(e.host + "\x00" + e.image + "\x00" + service))
		*g = append(*g, e)
	}
	period := f.Period(Network)
	for key, g := range groups.each() {
		to := *g
		service := key[strings.LastIndexByte(key, 0)+1:]
		if service == "outside" && len(to) > s.destinations {
			f.Note("%s of %s connects to %d addresses outside: it seems to be made for it (more than %d)", to[0].image, to[0].host, len(to), s.destinations)
			continue
		}
		if service == "outside" && period.Length() >= s.period {
			half := period.First.Add(period.Length() / 2)
			to = slices.DeleteFunc(slices.Clone(to), func(e *egressTo) bool { return e.period.First.Before(half) })
		}
		if len(to) > 0 {
			f.Emit(s.episode(f, service, to))
		}
	}
}

func (s *egress) episode(f *Finishing, service string, to []*egressTo) Episode {
	e := Episode{
		Level:   "medium",
		Group:   []NamedValue{{"host", to[0].host}, {"program", to[0].image}, {"to", service}},
		Facts:   []NamedValue{{"destinations", fmt.Sprintf("%d (of those outside at most %d)", len(to), s.destinations)}},
		Caveats: f.TooShort(Network, s.period),
	}
	var names []string
	usual := true
	for _, d := range to {
		e.Count += d.count
		for _, at := range d.samples.all() {
			e.Refs = append(e.Refs, s.origins.ref(&at, fmt.Sprintf("%s connected to %s port %s", d.image, d.address, d.port)))
		}
		names = append(names, fmt.Sprintf("%s:%s", d.address, d.port))
		usual = usual && (d.port == "80" || d.port == "443")
	}
	slices.Sort(names)
	e.Facts = append(e.Facts, NamedValue{"addresses", strings.Join(names[:min(len(names), maxRefs)], ", ")})
	where := "outside"
	switch {
	case service == "RDP" || service == "SSH":
		e.Level, where = "high", "by "+service // no server program has a reason
	case service != "outside":
		where = "by " + service
	case !usual:
		e.Level = "high"
	}
	// That a web server speaks RDP is odd in any period; that an address is new in a short one is not.
	if len(e.Caveats) > 0 && service == "outside" {
		e.Level = levelBelow(e.Level)
	}
	e.Summary = fmt.Sprintf("%s on %s began %d connections %s, to %s", to[0].image, to[0].host, e.Count, where, english.List(names, 3))
	return e
}
