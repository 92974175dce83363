package sekisho

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// What is revoked, kept in a file, so that a process that starts again need not begin with nothing. The file is written whole beside
// itself and renamed, readable by its owner only.

const savePause = 10 * time.Second

type stateFile struct {
	path   string
	issuer string

	mu        sync.Mutex
	notBefore time.Duration
}

// load gives the offset and the snapshot; no snapshot when there is no file, or it is another issuer's, or cannot be read.
func (f *stateFile) load() (time.Duration, *snapshot) {
	data, err := os.ReadFile(f.path)
	if err != nil {
		return 0, nil
	}
	var own struct {
		Issuer string   `json:"issuer"`
		Offset *float64 `json:"offset"`
	}
	if json.Unmarshal(data, &own) != nil || own.Issuer != f.issuer || own.Offset == nil {
		return 0, nil
	}
	kept, err := parseSnapshot(data)
	if err != nil {
		return 0, nil
	}
	return time.Duration(*own.Offset * float64(time.Millisecond)), &kept
}

// save writes now and then; a state that takes long to write is written less often.
func (f *stateFile) save(known *revocations, clock *clock) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	began := clock.mono()
	if began < f.notBefore {
		return nil
	}
	err := f.write(known, clock)
	f.notBefore = began + max(savePause, (clock.mono()-began)*100)
	return err
}

// flush writes now.
func (f *stateFile) flush(known *revocations, clock *clock) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.write(known, clock)
}

func (f *stateFile) write(known *revocations, clock *clock) error {
	document := known.export()
	if document == nil {
		return nil
	}
	document["issuer"] = f.issuer
	document["offset"] = clock.offset().Milliseconds()
	data, err := json.Marshal(document)
	if err != nil {
		return err
	}
	// os.CreateTemp makes files of mode 0600.
	beside, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*.new")
	if err != nil {
		return err
	}
	_, err = beside.Write(data)
	if closed := beside.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(beside.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(beside.Name())
	}
	return err
}
