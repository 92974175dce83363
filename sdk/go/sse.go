package sekisho

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// Server-sent events as the HTML standard writes them (section 9.2.6), from bytes to events.

const maxLine = 16 << 20

type event struct{ name, data string }

// readEvents gives each event to take until that says no, or the body ends. heard is called for every line that comes.
func readEvents(body io.Reader, heard func(), take func(event) (bool, error)) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxLine)
	lines.Split(splitLine)
	var name string
	var data []string
	for lines.Scan() {
		heard()
		line := lines.Text()
		if line == "" {
			if data != nil {
				if more, err := take(event{name, strings.Join(data, "\n")}); err != nil || !more {
					return err
				}
			}
			name, data = "", nil
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			name = value
		case "data":
			data = append(data, value)
		}
	}
	return lines.Err()
}

// splitLine ends lines at LF, CRLF or CR.
func splitLine(data []byte, atEOF bool) (int, []byte, error) {
	end := bytes.IndexAny(data, "\r\n")
	switch {
	case end < 0:
		return 0, nil, nil // what the end cuts off is no event
	case data[end] == '\n':
		return end + 1, data[:end], nil
	case end+1 < len(data) && data[end+1] == '\n':
		return end + 2, data[:end], nil
	case end+1 < len(data) || atEOF:
		return end + 1, data[:end], nil
	default:
		return 0, nil, nil
	}
}
