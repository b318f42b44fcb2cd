// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// maxAnswer is the number of mails that one answer holds unless a lower limit is asked for.
const maxAnswer = 20_000

// api are the pages for programs.
type api struct {
	box    *box
	faults *faults
}

func (a api) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/counts", a.counts)
	mux.HandleFunc("GET /api/messages", a.messages)
	mux.HandleFunc("DELETE /api/messages", a.forget)
	mux.HandleFunc("GET /api/faults", a.listFaults)
	mux.HandleFunc("POST /api/faults", a.addFaults)
	mux.HandleFunc("DELETE /api/faults", a.removeFaults)
}

// counts gives the totals; with ?each=1 the number of mails of each recipient, too.
func (a api) counts(w http.ResponseWriter, r *http.Request) {
	answer := struct {
		counts
		Each map[string]int64 `json:"each,omitempty"`
	}{counts: a.box.totals()}
	if r.URL.Query().Get("each") != "" {
		answer.Each = a.box.perRecipient()
	}
	writeJSON(w, http.StatusOK, answer)
}

// message is a mail as JSON.
type message struct {
	ID       string              `json:"id"`
	To       string              `json:"to"`
	From     string              `json:"from"`
	Subject  string              `json:"subject"`
	Received time.Time           `json:"received"`
	Text     string              `json:"text"`
	HTML     string              `json:"html"`
	Headers  map[string][]string `json:"headers"`
}

// messages gives the mails of one recipient, newest first; of all without ?to=. ?limit= and ?skip= page through
// them. They are written one by one, so that 20,000 of them need no more memory than one.
func (a api) messages(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 || limit > maxAnswer {
		limit = maxAnswer
	}
	skip, err := strconv.Atoi(query.Get("skip"))
	if err != nil || skip < 0 {
		skip = 0
	}
	mails, total := a.box.find(query.Get("to"), true, skip, limit)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Total", strconv.Itoa(total))
	out := bufio.NewWriterSize(w, 1<<16)
	encoder := json.NewEncoder(out)
	separator := byte('[')
	for _, m := range mails {
		c := readContent(m.Source)
		_ = out.WriteByte(separator)
		separator = ','
		if encoder.Encode(message{
			ID: strconv.FormatUint(m.ID, 10), To: m.To, From: m.From, Subject: m.Subject, Received: m.Received,
			Text: c.Text, HTML: c.HTML, Headers: c.Headers,
		}) != nil {
			return // the client is gone
		}
	}
	if separator == '[' {
		_ = out.WriteByte('[')
	}
	_ = out.WriteByte(']')
	_ = out.Flush()
}

func (a api) forget(w http.ResponseWriter, _ *http.Request) {
	a.box.forget()
	w.WriteHeader(http.StatusNoContent)
}

func (a api) listFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, a.faults.list())
}

// addFaults takes one fault as JSON.
func (a api) addFaults(w http.ResponseWriter, r *http.Request) {
	var one fault
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&one)
	if err == nil {
		err = one.check()
	}
	if err == nil {
		err = a.faults.add(one)
	}
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	writeJSON(w, http.StatusCreated, a.faults.list())
}

func (a api) removeFaults(w http.ResponseWriter, _ *http.Request) {
	a.faults.clear()
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
