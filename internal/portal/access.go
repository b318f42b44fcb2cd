// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"archive/zip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/content"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
)

// copyFormat names the form of your-data.json, so that a program can tell it from a later one.
const copyFormat = "alumni-operator.io/subject-copy/v1"

// dataPage tells members what is held of them, by category.
func (s *Server) dataPage(v *visit) error {
	var data []community.CopiedTable
	err := s.Services.CopyOf(v.r.Context(), v.viewer, func(c community.DataCopy) error {
		data = c.Tables
		return nil
	})
	if err != nil {
		return err
	}
	return s.ok(v, "data", "data.title", data)
}

// downloadData answers with a copy of everything that is held of the member: a page to read, and the same for programs. It is written as
// it is read, and nothing of it stays here.
func (s *Server) downloadData(v *visit) error {
	began := false
	err := s.Services.CopyOf(v.r.Context(), v.viewer, func(c community.DataCopy) error {
		began = true
		h := v.w.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Content-Disposition", `attachment; filename="alumni-data-`+c.TakenAt.In(s.zone).Format(time.DateOnly)+`.zip"`)
		return s.writeCopy(v.w, v.locale, c)
	})
	if err != nil && began {
		// The browser must not take half of it for the whole.
		s.Log.WarnContext(v.r.Context(), "Failing to hand out a copy", "requestID", reference(v.r), "error", err.Error())
		panic(http.ErrAbortHandler)
	}
	return err
}

// writeCopy writes the files of a copy. Their names tell nothing of the person.
func (s *Server) writeCopy(w io.Writer, locale community.Locale, c community.DataCopy) error {
	archive := zip.NewWriter(w)
	for _, file := range []struct {
		name  string
		write func(io.Writer, community.Locale, community.DataCopy) error
	}{{"your-data.html", s.writeReadable}, {"your-data.json", s.writeJSON}} {
		f, err := archive.CreateHeader(&zip.FileHeader{Name: file.name, Method: zip.Deflate, Modified: c.TakenAt})
		if err != nil {
			return fmt.Errorf("begin a file: %w", err)
		}
		if err := file.write(f, locale, c); err != nil {
			return err
		}
	}
	return archive.Close()
}

//go:embed files/copy.html
var copyFiles embed.FS

// copyHead is what a copy says before its rows.
type copyHead struct {
	Format     string            `json:"format"`
	TakenAt    time.Time         `json:"takenAt"`
	Network    string            `json:"network"`
	Operator   map[string]string `json:"operator"`
	Purposes   []string          `json:"purposes"`
	Recipients []string          `json:"recipients"`
}

func (s *Server) copyHead(c community.DataCopy) copyHead {
	o := s.Network.Operator
	head := copyHead{Format: copyFormat, TakenAt: c.TakenAt.UTC(), Network: s.Network.DisplayName, Purposes: s.Network.Purposes,
		Operator: map[string]string{"name": o.Name, "address": o.Address, "contact": o.Contact}}
	if s.Network.Email != nil {
		head.Recipients = append(head.Recipients, "Email")
	}
	if s.Network.LINE != nil {
		head.Recipients = append(head.Recipients, "LINE")
	}
	return head
}

// writeJSON writes the copy for programs: the head's fields, and rows by category and table.
func (s *Server) writeJSON(w io.Writer, _ community.Locale, c community.DataCopy) error {
	head, err := json.Marshal(s.copyHead(c))
	if err != nil {
		return err
	}
	out := &sticky{w: w}
	out.print(strings.TrimSuffix(string(head), "}"), `,"data":{`)
	last := community.CopiedRow{}
	err = c.Each(func(row community.CopiedRow) error {
		switch {
		case row.Category != last.Category:
			if last.Category != "" {
				out.print("]},")
			}
			out.print("\n", quoted(row.Category), ":{", quoted(row.Table), ":[\n")
		case row.Table != last.Table:
			out.print("],\n", quoted(row.Table), ":[\n")
		default:
			out.print(",\n")
		}
		out.print(string(row.Row))
		last = community.CopiedRow{Category: row.Category, Table: row.Table}
		return out.err
	})
	out.print("]}}}\n")
	return errors.Join(err, out.err)
}

func quoted(word string) string {
	text, _ := json.Marshal(word) // a string always has a form
	return string(text)
}

// sticky writes until the first error, and keeps that.
type sticky struct {
	w   io.Writer
	err error
}

func (s *sticky) print(texts ...string) {
	for _, text := range texts {
		if s.err == nil {
			_, s.err = io.WriteString(s.w, text)
		}
	}
}

// copiedValue is one value of a row as a person reads it.
type copiedValue struct {
	Name string
	Text string
	HTML template.HTML // instead of Text; empty for most
}

// writeReadable writes the copy for its person: one page without anything that acts or loads.
func (s *Server) writeReadable(w io.Writer, locale community.Locale, c community.DataCopy) error {
	page, err := template.New("copy").Option("missingkey=error").Funcs(s.functions(locale)).ParseFS(copyFiles, "files/copy.html")
	if err != nil {
		return fmt.Errorf("read templates: %w", err)
	}
	if err := page.ExecuteTemplate(w, "head", map[string]any{"Locale": locale, "Head": s.copyHead(c), "Title": s.text(locale, "data.title")}); err != nil {
		return &renderError{err}
	}
	last := community.CopiedRow{}
	err = c.Each(func(row community.CopiedRow) error {
		values := map[string]any{}
		if err := json.Unmarshal(row.Row, &values); err != nil {
			return errors.New("a row cannot be read")
		}
		var shown []copiedValue
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if v := s.copiedValue(locale, row.Table, name, values[name]); v.Text != "" {
				shown = append(shown, v)
			}
		}
		data := map[string]any{"Category": row.Category, "Table": row.Table, "NewCategory": row.Category != last.Category, "NewTable": row.Table != last.Table, "Values": shown}
		last = community.CopiedRow{Category: row.Category, Table: row.Table}
		if err := page.ExecuteTemplate(w, "row", data); err != nil {
			return &renderError{err}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "</main>\n</body>\n</html>\n")
	return err
}

func (s *Server) copiedValue(locale community.Locale, table, name string, value any) copiedValue {
	shown := copiedValue{Name: name, Text: s.copiedText(locale, value)}
	if table == "notice" && name == "body" {
		shown.HTML = template.HTML(content.Page(shown.Text)) //nolint:gosec // content.Page lets nothing through that acts or loads
	}
	return shown
}

// copiedText writes a value as the language has it; what is not there is empty.
func (s *Server) copiedText(locale community.Locale, value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return i18n.Moment(locale, t.In(s.zone))
		}
		if t, err := time.Parse(time.DateOnly, v); err == nil {
			return i18n.Date(locale, t)
		}
		return v
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, s.copiedText(locale, one))
		}
		return strings.Join(all, ", ")
	}
	text, _ := json.Marshal(value) // numbers, and what is nested
	return string(text)
}
