// A custom metrics API (custom.metrics.k8s.io/v1beta2) for the test cluster, without Prometheus: asked for a figure of pods it reads the figures
// that these pods show at this moment, where their annotations say (prometheus.io/scrape, port, path), and answers those of that name.
//
// It answers what a HorizontalPodAutoscaler asks: one figure of all pods that a selector chooses. It keeps no history, and lets in whoever
// reaches it: for tests only. A cluster that is for use has prometheus-adapter or KEDA.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	group   = "custom.metrics.k8s.io"
	version = group + "/v1beta2"
	account = "/var/run/secrets/kubernetes.io/serviceaccount/"
)

type object map[string]any

type pod struct {
	Metadata struct {
		Name              string
		Annotations       map[string]string
		DeletionTimestamp *string
	}
	Status struct{ Phase, PodIP string }
}

var (
	// /apis/custom.metrics.k8s.io/v1beta2/namespaces/blog/pods/*/phpfpm_active_processes
	question = regexp.MustCompile(`^/apis/custom\.metrics\.k8s\.io/v1beta2/namespaces/([a-z0-9-]+)/pods/([a-z0-9.-]+|\*)/([a-z0-9_]+)$`)
	// phpfpm_active_processes{pool="www"} 3
	sample = regexp.MustCompile(`^([a-z0-9_]+)(?:\{[^}]*\})? ([0-9]+(?:\.[0-9]+)?)$`)

	scraper = &http.Client{Timeout: 3 * time.Second}
	server  *http.Client
)

func main() {
	authority, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	server = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	log.Fatal(http.ListenAndServeTLS(":6443", "/serving/tls.crt", "/serving/tls.key", http.HandlerFunc(answer)))
}

func answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	path := strings.TrimSuffix(r.URL.Path, "/")
	if path == "/readyz" {
		fmt.Fprintln(w, `"ok"`)
		return
	}
	if path == "/apis/"+version {
		write(w, http.StatusOK, object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": []object{
			{"name": "pods/phpfpm_active_processes", "namespaced": true, "kind": "MetricValueList", "verbs": []string{"get"}},
			{"name": "pods/phpfpm_listen_queue", "namespaced": true, "kind": "MetricValueList", "verbs": []string{"get"}},
		}})
		return
	}
	asked := question.FindStringSubmatch(path)
	if asked == nil {
		fail(w, http.StatusNotFound, "NotFound", "no such figure: "+path)
		return
	}
	values, err := valuesOf(asked[1], asked[2], asked[3], r.URL.Query().Get("labelSelector"))
	if err != nil {
		fail(w, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	write(w, http.StatusOK, object{"kind": "MetricValueList", "apiVersion": version, "metadata": object{}, "items": values})
}

// One item for each pod that shows the figure now; those that do not answer are left out, as they are by every adapter.
func valuesOf(namespace, name, metric, selector string) ([]object, error) {
	pods, err := podsOf(namespace, selector)
	if err != nil {
		return nil, err
	}
	values := make([]object, len(pods))
	var all sync.WaitGroup
	for i, one := range pods {
		if name != "*" && one.Metadata.Name != name || one.Metadata.DeletionTimestamp != nil || one.Status.Phase != "Running" {
			continue
		}
		all.Add(1)
		go func() {
			defer all.Done()
			value, err := read(one, metric)
			if err != nil {
				log.Printf("%s/%s: %v", namespace, one.Metadata.Name, err)
				return
			}
			values[i] = object{
				"describedObject": object{"kind": "Pod", "apiVersion": "v1", "namespace": namespace, "name": one.Metadata.Name},
				"metric":          object{"name": metric, "selector": nil},
				"timestamp":       time.Now().UTC().Format(time.RFC3339),
				"value":           value,
			}
		}()
	}
	all.Wait()
	found := []object{}
	for _, value := range values {
		if value != nil {
			found = append(found, value)
		}
	}
	return found, nil
}

func podsOf(namespace, selector string) ([]pod, error) {
	token, err := os.ReadFile(account + "token") // renewed by the kubelet
	if err != nil {
		return nil, err
	}
	host := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	address := "https://" + host + "/api/v1/namespaces/" + namespace + "/pods?labelSelector=" + url.QueryEscape(selector)
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	response, err := server.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the API server answers %s for the pods of %s", response.Status, namespace)
	}
	var list struct{ Items []pod }
	return list.Items, json.NewDecoder(response.Body).Decode(&list)
}

// The sum over all pools of a pod, as a quantity.
func read(one pod, metric string) (string, error) {
	notes := one.Metadata.Annotations
	if notes["prometheus.io/scrape"] != "true" {
		return "", fmt.Errorf("it says no prometheus.io/scrape")
	}
	port, err := strconv.Atoi(notes["prometheus.io/port"])
	if err != nil {
		return "", err
	}
	target := url.URL{Scheme: "http", Host: net.JoinHostPort(one.Status.PodIP, strconv.Itoa(port)), Path: notes["prometheus.io/path"]}
	response, err := scraper.Get(target.String())
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s", target.Path, response.Status)
	}
	sum, found := 0.0, false
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if parts := sample.FindStringSubmatch(lines.Text()); parts != nil && parts[1] == metric {
			value, _ := strconv.ParseFloat(parts[2], 64)
			sum, found = sum+value, true
		}
	}
	if !found {
		return "", fmt.Errorf("%s has no %s", target.Path, metric)
	}
	return strconv.FormatInt(int64(sum*1000), 10) + "m", nil
}

func write(w http.ResponseWriter, status int, body object) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, status int, reason, message string) {
	write(w, status, object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": status, "message": message})
}
