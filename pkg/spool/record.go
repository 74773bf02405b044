package spool

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
)

// A record's value in the database, and its file in the inbox. The package
// comment draws both.
const (
	flagCut    = 1 << 0
	knownFlags = flagCut

	valueTrailer = 1 + 8 + 4                  // flags, context, checksum
	inboxHeader  = 4 + 1 + 1 + 20 + 4 + 4 + 4 // magic, version, flags, key, lengths, checksum
	inboxSum     = inboxHeader - 4
	inboxMagic   = "amsr"
)

// contextID names a context within a spool; 0 is none.
type contextID [8]byte

// hashContext returns the id a context gets if no other one has it.
func hashContext(context []byte) contextID {
	var id contextID
	if context == nil {
		return id
	}
	h := fnv.New64a()
	h.Write(context)
	sum := h.Sum64()
	if sum == 0 {
		sum = 1
	}
	binary.BigEndian.PutUint64(id[:], sum)
	return id
}

// following returns the id to try when another context has this one.
func (id contextID) following() contextID {
	n := binary.BigEndian.Uint64(id[:]) + 1
	if n == 0 {
		n = 1
	}
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

// encodeValue returns a record's value in the database. If the record's spare
// memory may be used, the payload is not copied.
func encodeValue(rec Record, context contextID) []byte {
	v := rec.Raw
	if !rec.spare {
		v = make([]byte, len(rec.Raw), len(rec.Raw)+valueTrailer)
		copy(v, rec.Raw)
	}
	var flags byte
	if rec.Cut {
		flags |= flagCut
	}
	v = append(v, flags)
	v = append(v, context[:]...)
	return binary.BigEndian.AppendUint32(v, valueSum(rec.Key, rec.Raw, v[len(rec.Raw):]))
}

// valueSum is the checksum of a key, the flags and context, and the payload.
func valueSum(key Key, raw, trailer []byte) uint32 {
	sum := crc32.ChecksumIEEE(key[:])
	sum = crc32.Update(sum, crc32.IEEETable, trailer[:9])
	return crc32.Update(sum, crc32.IEEETable, raw)
}

// decodeValue reads a record's value. Raw is a copy.
func decodeValue(key Key, v []byte) (Record, contextID, error) {
	var context contextID
	if len(v) < valueTrailer {
		return Record{}, context, fmt.Errorf("record %s: %d bytes: %w", key, len(v), ErrDamaged)
	}
	raw, trailer := v[:len(v)-valueTrailer], v[len(v)-valueTrailer:]
	if binary.BigEndian.Uint32(trailer[9:]) != valueSum(key, raw, trailer) {
		return Record{}, context, fmt.Errorf("record %s: wrong checksum: %w", key, ErrDamaged)
	}
	if trailer[0]&^knownFlags != 0 {
		return Record{}, context, fmt.Errorf("record %s: flags %#x: %w", key, trailer[0], ErrNewer)
	}
	copy(context[:], trailer[1:9])
	rec := Record{Key: key, Cut: trailer[0]&flagCut != 0, Raw: append([]byte{}, raw...)}
	return rec, context, nil
}

// encodeInbox returns the bytes of a record's inbox file up to the payload,
// which follows them. The context lies between.
func encodeInbox(rec Record) []byte {
	b := make([]byte, inboxHeader+len(rec.Context))
	copy(b, inboxMagic)
	b[4] = FormatVersion
	if rec.Cut {
		b[5] |= flagCut
	}
	copy(b[6:26], rec.Key[:])
	binary.BigEndian.PutUint32(b[26:], uint32(len(rec.Context)))
	binary.BigEndian.PutUint32(b[30:], uint32(len(rec.Raw)))
	copy(b[inboxHeader:], rec.Context)
	sum := crc32.ChecksumIEEE(b[:inboxSum])
	sum = crc32.Update(sum, crc32.IEEETable, rec.Context)
	sum = crc32.Update(sum, crc32.IEEETable, rec.Raw)
	binary.BigEndian.PutUint32(b[inboxSum:], sum)
	return b
}

// decodeInbox reads an inbox file. The record shares its memory.
func decodeInbox(b []byte) (Record, error) {
	if len(b) < inboxHeader || string(b[:4]) != inboxMagic {
		return Record{}, fmt.Errorf("inbox file of %d bytes: no header: %w", len(b), ErrDamaged)
	}
	if b[4] != FormatVersion {
		return Record{}, fmt.Errorf("inbox file: version %d: %w", b[4], ErrNewer)
	}
	nc := uint64(binary.BigEndian.Uint32(b[26:]))
	nr := uint64(binary.BigEndian.Uint32(b[30:]))
	if uint64(len(b)) != inboxHeader+nc+nr {
		return Record{}, fmt.Errorf("inbox file of %d bytes: want %d: %w", len(b), inboxHeader+nc+nr, ErrDamaged)
	}
	sum := crc32.ChecksumIEEE(b[:inboxSum])
	sum = crc32.Update(sum, crc32.IEEETable, b[inboxHeader:])
	if binary.BigEndian.Uint32(b[inboxSum:]) != sum {
		return Record{}, fmt.Errorf("inbox file: wrong checksum: %w", ErrDamaged)
	}
	if b[5]&^knownFlags != 0 {
		return Record{}, fmt.Errorf("inbox file: flags %#x: %w", b[5], ErrNewer)
	}
	rec := Record{Cut: b[5]&flagCut != 0, Raw: b[inboxHeader+nc:]}
	copy(rec.Key[:], b[6:26])
	if nc > 0 {
		rec.Context = b[inboxHeader : inboxHeader+nc]
	}
	return rec, nil
}
