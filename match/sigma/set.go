package sigma

// Rules are the rules of the set, silent ones too, in the order of the collection.
func (s *Set) Rules() []*Rule { return s.rules }
