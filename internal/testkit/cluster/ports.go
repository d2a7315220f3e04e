// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are the TCP ports of a cluster's servers on 127.0.0.1 (of its network namespace in Full mode, where only API is
// also a port of the machine).
type Ports struct {
	API               int `json:"api"`
	Etcd              int `json:"etcd"`
	EtcdPeer          int `json:"etcdPeer"`
	ControllerManager int `json:"controllerManager"`
	Scheduler         int `json:"scheduler"`
}

// Ports are drawn from below the range that the kernel gives to outgoing connections (32768 and up), so that none of
// those takes a port between the check and the server's start.
const (
	firstPort = 21000
	lastPort  = 29999
)

// drawPorts finds ports that nothing listens on and that none of the other clusters has claimed. The caller holds the
// lock of the port range until it has saved its claim.
func drawPorts(others []*State) (Ports, error) {
	taken := map[int]bool{}
	for _, s := range others {
		for _, p := range []int{s.Ports.API, s.Ports.Etcd, s.Ports.EtcdPeer, s.Ports.ControllerManager, s.Ports.Scheduler} {
			taken[p] = true
		}
	}
	var p Ports
	next := firstPort + rand.IntN(lastPort-firstPort)
	for _, dst := range []*int{&p.API, &p.Etcd, &p.EtcdPeer, &p.ControllerManager, &p.Scheduler} {
		for tries := 0; *dst == 0; tries++ {
			if tries > lastPort-firstPort {
				return p, fmt.Errorf("no free port on 127.0.0.1 between %d and %d", firstPort, lastPort)
			}
			if next++; next > lastPort {
				next = firstPort
			}
			if !taken[next] && free(next) {
				*dst = next
			}
		}
	}
	return p, nil
}

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}
