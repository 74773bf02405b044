package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

const (
	// groupRows is how many rows a row group has at most: engines read one a thread, and skip one by its statistics.
	groupRows = 60_000
	// pageBytes bounds a page before it is compressed, and cellBytes what a value adds to it where there are few rows: a writer
	// holds one page for each column, and clears it first.
	pageBytes = 128 << 10
	cellBytes = 64
	// bloomBits a value make a filter that errs once in some hundred times, and 0.2 % of a part.
	bloomBits = 10
	// maxUnpacked bounds what a part holds unpacked, and maxRows its rows: ten times what a [Writer] puts into one.
	// A part that says it has more is damaged.
	maxUnpacked = 4 << 30
	maxRows     = 20_000_000
	// batch is how many rows are read or written at once.
	batch = 64
)

// How parts are packed: by a run quickly, by a compaction, whose parts stay, well.
const (
	quick = zstd.SpeedFastest
	dense = zstd.SpeedDefault
)

// What the metadata of a part say of it.
const (
	metaTable   = "ams.table"
	metaVersion = "ams.version"
	metaPart    = "ams.part"
)

// longTexts are columns whose least and greatest value nobody asks for: they would stand in the footer, whole.
var longTexts = []string{"record", "title", "first_prompt", "text", "input", "thinking", "description"}

// row is a row of one of the tables.
type row interface{ Session | Event }

// layout is how a table's rows lie in a file.
type layout struct {
	name   string
	sorted []parquet.SortingColumn
	bloom  []parquet.BloomFilterColumn
}

func layoutOf[R row]() layout {
	id := parquet.SplitBlockFilter(bloomBits, "session_id")
	if _, ok := any(*new(R)).(Session); ok {
		return layout{sessions, []parquet.SortingColumn{parquet.Ascending("session_id")}, []parquet.BloomFilterColumn{id}}
	}
	return layout{events, []parquet.SortingColumn{parquet.Ascending("session_id"), parquet.Ascending("seq")},
		[]parquet.BloomFilterColumn{id, parquet.SplitBlockFilter(bloomBits, "tool")}}
}

// fileWriter writes one part. Rows have to come in order.
type fileWriter[R row] struct {
	w    *parquet.GenericWriter[R]
	rows int
}

// newFileWriter returns a writer of a part of about so many rows.
func newFileWriter[R row](w io.Writer, part string, about int64, pack *zstd.Codec) *fileWriter[R] {
	l := layoutOf[R]()
	options := []parquet.WriterOption{
		parquet.Compression(pack), parquet.PageBufferSize(int(min((about+1)*cellBytes, pageBytes))), parquet.MaxRowsPerRowGroup(groupRows),
		parquet.SortingWriterConfig(parquet.SortingColumns(l.sorted...)), parquet.BloomFilters(l.bloom...),
		parquet.KeyValueMetadata(metaTable, l.name), parquet.KeyValueMetadata(metaVersion, strconv.Itoa(Version)),
		parquet.KeyValueMetadata(metaPart, part), parquet.CreatedBy("ams", strconv.Itoa(Version), ""), parquet.DataPageStatistics(false),
	}
	for _, column := range longTexts {
		options = append(options, parquet.SkipPageBounds(column))
	}
	return &fileWriter[R]{w: parquet.NewGenericWriter[R](w, options...)}
}

func (f *fileWriter[R]) write(rows ...R) error {
	n, err := f.w.Write(rows)
	f.rows += n
	return err
}

func (f *fileWriter[R]) close() error { return f.w.Close() }

// Part is what a part says of itself.
type Part struct {
	Name string
	Rows int64
	file *parquet.File
}

// open looks at a part of the table of R.
func open[R row](r io.ReaderAt, size int64) (p Part, err error) {
	defer recoverDamage(&err)
	if size == 0 {
		return p, ErrEmpty
	}
	if err := checkEnd(r, size); err != nil {
		return p, err
	}
	f, err := parquet.OpenFile(r, size, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return p, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	table, _ := f.Lookup(metaTable)
	version, _ := f.Lookup(metaVersion)
	p.Name, _ = f.Lookup(metaPart)
	n, err := strconv.Atoi(version)
	switch {
	case table != layoutOf[R]().name || err != nil || n < 1:
		return p, ErrForeign
	case n > Version:
		return p, ErrNewer
	}
	unpacked := int64(0)
	for _, g := range f.Metadata().RowGroups {
		unpacked += g.TotalByteSize
	}
	p.Rows, p.file = f.NumRows(), f
	switch {
	case p.Rows == 0:
		return p, ErrEmpty
	case p.Rows < 0 || p.Rows > maxRows || unpacked < 0 || unpacked > maxUnpacked:
		return p, fmt.Errorf("%w: it says that it has %d rows and %d bytes", ErrDamaged, p.Rows, unpacked)
	}
	return p, nil
}

// checkEnd looks at the end of a file: the Parquet library takes as much memory as a length there says, up to 4 GB.
func checkEnd(r io.ReaderAt, size int64) error {
	const magic = "PAR1"
	end := make([]byte, 4+len(magic)) // the length of the metadata before it, and the magic
	if size < int64(len(magic)+len(end)) {
		return fmt.Errorf("%w: it is shorter than any part", ErrDamaged)
	}
	if _, err := r.ReadAt(end, size-int64(len(end))); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	switch {
	case string(end[4:]) != magic:
		return fmt.Errorf("%w: it does not end as a part does", ErrDamaged)
	case int64(binary.LittleEndian.Uint32(end)) > size-int64(len(magic)+len(end)):
		return fmt.Errorf("%w: its metadata are longer than the file", ErrDamaged)
	}
	return nil
}

// recoverDamage turns a panic of the Parquet library over a damaged file into an error.
func recoverDamage(err *error) {
	if why := recover(); why != nil {
		*err = fmt.Errorf("%w: %v", ErrDamaged, why)
	}
}

// rows reads the rows of a part, of the columns that T has. Columns that the part lacks are at zero. A row is valid until the
// next one. The error comes last.
func rows[T any](p Part) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		reader, err := newReader[T](p)
		if err != nil {
			yield(nil, err)
			return
		}
		defer reader.close()
		for {
			row, err := reader.next()
			if err == io.EOF {
				return
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// reader reads the rows of a part one by one.
type reader[T any] struct {
	r    *parquet.GenericReader[T]
	buf  []T
	rest []T
	end  error
}

func newReader[T any](p Part) (r *reader[T], err error) {
	defer recoverDamage(&err)
	return &reader[T]{r: parquet.NewGenericReader[T](p.file, parquet.SchemaOf(new(T))), buf: make([]T, batch)}, nil
}

// next is the next row, [io.EOF] after the last.
func (r *reader[T]) next() (row *T, err error) {
	defer recoverDamage(&err)
	for len(r.rest) == 0 {
		if r.end != nil {
			return nil, r.end
		}
		clear(r.buf)
		n, err := r.r.Read(r.buf)
		switch r.rest = r.buf[:n]; {
		case errors.Is(err, io.EOF):
			r.end = io.EOF
		case err != nil:
			r.end = fmt.Errorf("%w: %w", ErrDamaged, err)
		case n == 0:
			r.end = fmt.Errorf("%w: it ends too soon", ErrDamaged)
		}
	}
	row, r.rest = &r.rest[0], r.rest[1:]
	return row, nil
}

func (r *reader[T]) close() {
	defer func() { _ = recover() }() // of a damaged file; what was read of it is told already
	_ = r.r.Close()
}

// Entry is what a list needs of a row of sessions.
type Entry struct {
	SessionID string `parquet:"session_id"`
	Part      string `parquet:"part"`
	Rev       int64  `parquet:"rev"`
	Deleted   bool   `parquet:"deleted"`
	Name      string `parquet:"name"`                // of its objects: index/NAME.json
	IndexETag string `parquet:"index_etag,optional"` // of the index record that Record is
	Record    string `parquet:"record,optional"`     // see [Session.Record]
}

// ReadSessions reads the rows of a sessions part and none of the columns that [Entry] lacks. The error that comes last says
// why the part cannot be read, or not to its end: one of this package. What came before it is true all the same.
func ReadSessions(r io.ReaderAt, size int64) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		p, err := open[Session](r, size)
		if err != nil {
			yield(nil, err)
			return
		}
		for row, err := range rows[Entry](p) {
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}
