package attribution

// extras is what each candidate's score has besides techniques and software.
func (m *Model) extras(in *Incident) []float64 {
	return make([]float64, len(m.profiles))
}
