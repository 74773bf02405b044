package schema

// BoundBy and the Summary's let tests hold the bounds with small figures.
func (s *Session) BoundBy(field, event, session int) {
	s.bound(limits{field, event, session, agentsBody, MaxBody})
}
func (s *Session) LeaveOut(agents, n int) int { return s.leaveOut(agents, n) }
func (s *Summary) BoundBy(n int)              { _, _ = s.encodeWithin(n) }
