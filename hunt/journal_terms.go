package hunt

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"time"

	"aldebaran/match/sigma"
)

// terms is a digest of everything that decides what a hunt makes of a piece of evidence: rules, behaviours,
// indicators, filters. What it asks of the findings (a story, packs) is not among it.
func (o *Options) terms(rules *sigma.Collection) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	of, err := rules.Digest()
	if err != nil {
		return sum, err
	}
	h.Write(of[:]) // a hash never fails (hash.Hash)
	zone := ""
	if o.Read.Zone != nil {
		zone = o.Read.Zone.String()
	}
	doc, err := json.Marshal([]any{
		recordVersion, o.Build, o.Selection, o.Since, o.Until, o.Hosts, o.Read.Recover, zone, o.Watch, o.Hash,
		o.Behaviours != nil, // what they see is not kept: how they are set does not matter
	})
	if err != nil {
		return sum, fmt.Errorf("putting the options of the hunt together: %w", err)
	}
	h.Write(doc)
	o.hashIndicators(h)
	h.Sum(sum[:0])
	return sum, nil
}

// hashIndicators feeds those that are looked for to a hash: not the time, which only says which ones.
func (o *Options) hashIndicators(h hash.Hash) {
	var b []byte
	for i := range o.Indicators {
		in := &o.Indicators[i]
		if !o.IndicatorsAt.IsZero() && !in.Expires.IsZero() && !in.Expires.After(o.IndicatorsAt) {
			continue
		}
		b = b[:0]
		for _, s := range [...]string{
			string(in.Type), in.Value, in.Malware, in.Actor, in.Note, in.Source, in.Grade.String(), in.Pack,
		} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
		for _, t := range [...]time.Time{in.First, in.Last, in.Expires} {
			b = binary.AppendVarint(b, t.Unix())
		}
		b = binary.AppendVarint(b, int64(in.Line))
		b = append(b, byte(btoi(in.Unverified)), byte(in.TLP))
		h.Write(b)
	}
}
