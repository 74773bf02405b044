package spool

import (
	"os"
	"time"
)

// ReadBolt reads a whole bbolt file, whatever it holds, without bbolt and
// without mapping it, and calls fn with every key and value of its top-level
// buckets; they are fn's to keep. Where it finds no fault bbolt can open the
// file and change it: no page is missing, used twice, or free and in use.
//
// It takes the shared lock of the file, waiting up to limit, and keeps it until
// f is closed. The error is [ErrBusy] where a writer has the file, ErrDamaged,
// [ErrNewer] for a version of bbolt's own, or that of the file system or of fn.
func ReadBolt(f *os.File, limit time.Duration, fn func(bucket, key, value []byte) error) error {
	if err := lockReader(f, limit); err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil {
		return err
	}
	p, err := newPager(f, st.Size())
	if err != nil {
		return err
	}
	p.used = make([]bool, p.meta.pages)
	if err := p.checkFreelist(); err != nil {
		return err
	}
	w := walker{pager: p, left: p.meta.pages}
	return w.tree(p.meta.root, nil, 0, func(flags uint32, name, v []byte) error {
		if flags != bucketFlag {
			return damaged("key %x outside of a bucket", name)
		}
		w.last = nil
		err := w.inBucket(v, 1, func(flags uint32, k, v []byte) error {
			if flags == bucketFlag {
				return damaged("a bucket in bucket %x", name)
			}
			return fn(name, k, v)
		})
		w.last = name
		return err
	})
}

// Guard runs fn, which lets bbolt read a file that it mapped, and turns a fault
// or panic in it into ErrDamaged: the file may shrink under bbolt's hands. After
// that the database must not be touched again, nor closed; its file may be.
func Guard(fn func() error) error { return guard(fn) }
