package behaviour

import (
	"fmt"
	"strings"
	"time"
)

// hostNetworkProvider finds a network provider that was added to Windows, and the file that it
// keeps passwords in.
//
// mpnotify.exe hands name and password of everybody who signs in, in clear text, to each provider
// that "NetworkProvider\Order" names. Ntospy registers one (service "credman", a library called like
// a part of Windows) and writes what it is given to files that are called like updates, *.msu.
// Registering shows as a value of the registry (Sysmon 13, Security 4657), the load as Sysmon 7 of
// mpnotify.exe, the store as a file written by mpnotify.exe (Sysmon 11) or as a *.msu that nothing
// of Windows Update wrote.
//
// Sources: packs/phantom-taurus H05, H06, T1556.008;
// https://learn.microsoft.com/windows/win32/secauthn/credential-manager
// https://learn.microsoft.com/windows/win32/api/npapi/nf-npapi-nplogonnotify
func hostNetworkProvider() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "host-network-provider",
			Title: "Network Provider Added, Which Is Given Passwords",
			Level: "high",
			Description: "A library was registered as a network provider, to which Windows hands the name and password of everybody who signs in, or the " +
				"program that does so loaded an odd library or wrote a file.",
			Why: "There are few network providers, and new ones come with products for remote access or storage only. One that nobody installed steals " +
				"passwords in clear text (Ntospy is an example), and stays over restarts.",
			Benign: "Clients for Citrix, VMware, NFS, WebDAV or a VPN add one when they are installed: look for the installation at that time, and whether " +
				"the library is signed by that maker. Known names are in the list \"known\".",
			Next: []string{
				"Take the library, its hash and its signature, and the file that it writes to.",
				"Change the passwords of everybody who signed in to this host since it was registered.",
				"Look for the same name of a service in the registry of other servers.",
			},
			Tags: []string{"attack.credential-access", "attack.persistence", "attack.t1556.008", "attack.t1036.005", "attack.t1074.001"},
			References: []string{
				"https://learn.microsoft.com/windows/win32/secauthn/credential-manager",
				"https://learn.microsoft.com/windows/win32/api/npapi/nf-npapi-nplogonnotify",
			},
		},
		Views:  []View{Registry, ImageLoad, FileWrite},
		Params: []Param{{"hours", 168, "hours", "longest time from registering a provider to its first use, and from one use to the next"}},
		Lists: []List{
			{"known", []string{
				"LanmanWorkstation", "RDPNP", "WebClient", "P9NP", "NfsNp", "nfsnp", "vmhgfs", "hgfs", "VBoxSF", "CtxNetNp", "PICACLIENT", "PnSson", "SnacNp", "MRxNWFS", "rdpdr",
			}, "network providers that products are known to add, by the names of their services"},
			{"installers", []string{"msiexec.exe", "trustedinstaller.exe", "tiworker.exe", "poqexec.exe", "drvinst.exe"}, "programs that install products"},
			{"updaters", []string{
				"svchost.exe", "wusa.exe", "trustedinstaller.exe", "tiworker.exe", "msiexec.exe", "ccmexec.exe", "wuauclt.exe", "usoclient.exe", "explorer.exe",
				"chrome.exe", "msedge.exe", "firefox.exe", "iexplore.exe", "dism.exe", "7z.exe", "7zfm.exe", "robocopy.exe", "system",
			}, "programs that write files of updates honestly"},
		},
		New: func(s Settings) (func() State, error) {
			p := providerSettings{s.Hours("hours"), s.List("known"), s.List("installers"), s.List("updaters")}
			return func() State { return &providerState{providerSettings: p, steps: bag[step]{max: maxProviderSteps}} }, nil
		},
	}
}

// maxProviderSteps is how many traces are kept: a host has a handful in its life.
const maxProviderSteps = 20_000

// The traces.
const (
	providerAdded   uint8 = iota // a library registered
	providerOrdered              // the order names one that is not known
	providerByProduct
	providerLoaded // an odd library loaded by mpnotify.exe
	providerStore  // a file written by mpnotify.exe
	providerUpdate // a *.msu written by what does not update
	providerAtOdds // registered, and its library called like a part of Windows or in an odd folder
)

type providerSettings struct {
	within                      time.Duration
	known, installers, updaters []string
}

type providerState struct {
	providerSettings
	steps bag[step]
}

// See keeps traces.
func (s *providerState) See(r *Record) {
	switch r.View {
	case Registry:
		s.value(r)
	case ImageLoad:
		if image := r.Text(LoadImage); hasSuffixFold(image, `\mpnotify.exe`) {
			s.loaded(r)
		}
	case FileWrite:
		s.written(r)
	}
}

// value keeps values of the registry that add a provider:
//
//	HKLM\SYSTEM\CurrentControlSet\Services\NAME\NetworkProvider\ProviderPath = C:\...\x.dll
//	HKLM\SYSTEM\CurrentControlSet\Control\NetworkProvider\Order\ProviderOrder = RDPNP,NAME,...
func (s *providerState) value(r *Record) {
	target := r.Text(RegTarget)
	if !hasSuffixFold(target, `\providerpath`) && !hasSuffixFold(target, `order\providerorder`) || !containsFold(target, `\networkprovider\`) {
		return
	}
	details := r.String(RegDetails)
	by := r.Text(RegImage)
	switch {
	case hasSuffixFold(target, `\providerpath`):
		parts := strings.Split(string(target), `\`)
		name := parts[max(len(parts)-3, 0)]
		kind := providerAdded
		switch {
		case listed(s.known, name):
			return
		case !inSystem32(details) || imitatesWindows(details):
			kind = providerAtOdds
		case namedOneOf(by, s.installers):
			kind = providerByProduct
		}
		s.add(r, kind, name+" ("+details+")", fmt.Sprintf("network provider %s registered with %s by %s", name, details, by))
	default: // Order, and HwOrder for those of devices
		for name := range strings.SplitSeq(details, ",") {
			if name = strings.TrimSpace(name); name != "" && !listed(s.known, name) {
				kind := providerOrdered
				if namedOneOf(by, s.installers) {
					kind = providerByProduct
				}
				s.add(r, kind, name, fmt.Sprintf("the order of network providers set to %s by %s", details, by))
				return
			}
		}
	}
}

func listed(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// inSystem32 tells whether a library lies in System32 itself.
func inSystem32(path string) bool {
	path = strings.Trim(path, `"`)
	for _, root := range [...]string{`%systemroot%\system32\`, `c:\windows\system32\`, `%windir%\system32\`, `\systemroot\system32\`} {
		if hasPrefixFold(path, root) {
			return !strings.ContainsAny(path[len(root):], `\/`)
		}
	}
	return !strings.ContainsAny(path, `\/`) // a bare name is looked for there first
}

// imitatesWindows tells whether a library is called like a part of Windows that is none, or that is
// a program: ntoskrnl.dll.
func imitatesWindows(path string) bool {
	for _, name := range [...]string{"ntoskrnl.dll", "ntos.dll", "lsass.dll", "svchost.dll", "winlogon.dll", "services.dll", "csrss.dll", "credman.dll"} {
		if strings.EqualFold(lastPart(strings.Trim(path, `"`)), name) {
			return true
		}
	}
	return false
}

// loaded keeps libraries that mpnotify.exe loads and that are not Windows' own.
func (s *providerState) loaded(r *Record) {
	library := r.String(LoadLoaded)
	unsigned := strings.EqualFold(string(r.Text(LoadSigned)), "false")
	if !unsigned && inSystem32(library) || hasPrefixFold(library, `c:\windows\winsxs\`) {
		return
	}
	s.add(r, providerLoaded, library, fmt.Sprintf("mpnotify.exe loaded %s (signed: %s)", library, yesNo(!unsigned)))
}

// written keeps files that a provider writes.
func (s *providerState) written(r *Record) {
	target := r.Text(FileTarget)
	image := r.Text(FileImage)
	switch {
	case hasSuffixFold(image, `\mpnotify.exe`):
		s.add(r, providerStore, string(target), fmt.Sprintf("%s written by mpnotify.exe", target))
	case hasSuffixFold(target, ".msu") && !namedOneOf(image, s.updaters):
		s.add(r, providerUpdate, string(target), fmt.Sprintf("%s written by %s", target, image))
	}
}

func (s *providerState) add(r *Record, kind uint8, text, what string) {
	s.steps.add(step{kind: kind, text: text, Ref: r.Ref(what)})
}

func (s *providerState) empty() bool { return s.steps.empty() }

// Join adds a later piece of evidence.
func (s *providerState) Join(later State) { s.steps.join(&later.(*providerState).steps) }

// Finish puts traces of a host together.
func (s *providerState) Finish(f *Finishing) {
	s.steps.noteDropped(f, "traces")
	episodesOnHosts(&s.steps, s.within, func(together []step) { f.Emit(providerEpisode(together)) })
}

func providerEpisode(steps []step) Episode {
	n := kindsOf(steps)
	registered := ""
	for _, kind := range [...]uint8{providerAtOdds, providerAdded, providerOrdered, providerByProduct} {
		if registered == "" {
			registered = textOf(steps, kind)
		}
	}
	store := textOf(steps, providerStore)
	e := Episode{
		Group: []NamedValue{{"host", steps[0].Host}},
		Facts: []NamedValue{
			{"providers registered or put in the order", fmt.Sprint(n[providerAdded] + n[providerAtOdds] + n[providerOrdered] + n[providerByProduct])},
			{"of these by an installer", fmt.Sprint(n[providerByProduct])},
			{"odd libraries loaded by mpnotify.exe", fmt.Sprint(n[providerLoaded])},
			{"files written by mpnotify.exe", fmt.Sprint(n[providerStore])},
			{"files of updates written by what does not update", fmt.Sprint(n[providerUpdate])},
		},
		Refs: refsOf(steps),
	}
	switch {
	case registered != "" && store != "":
		e.Level = "critical"
		e.Summary = fmt.Sprintf("network provider %s was registered, and what is given passwords wrote %s", registered, store)
	case registered != "" && n[providerUpdate] > 0:
		e.Level = "critical"
		e.Summary = fmt.Sprintf("network provider %s was registered, and a file called like an update written: %s", registered, textOf(steps, providerUpdate))
	case n[providerAtOdds] > 0:
		e.Level = "critical"
		e.Summary = fmt.Sprintf("network provider %s was registered, whose library is outside of System32 or called like a part of Windows", registered)
	case store != "":
		e.Level = "critical"
		e.Summary = fmt.Sprintf("mpnotify.exe, which hands on passwords, wrote %s", store)
	case n[providerLoaded] > 0:
		e.Summary = fmt.Sprintf("mpnotify.exe, which hands on passwords, loaded %s", textOf(steps, providerLoaded))
	case n[providerAdded]+n[providerOrdered] > 0:
		e.Summary = fmt.Sprintf("network provider %s was added", registered)
	case registered != "":
		e.Level = "low"
		e.Summary = fmt.Sprintf("network provider %s was added by an installer", registered)
		e.Caveats = []string{"an installer of Windows registered it, as products do"}
	default:
		e.Level = "low"
		e.Summary = fmt.Sprintf("a file called like an update was written by what does not update: %s", textOf(steps, providerUpdate))
		e.Caveats = []string{"tools that hand out software write such files too"}
	}
	return e
}
