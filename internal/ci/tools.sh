#!/usr/bin/env bash
# Installs the Debian packages that the tests need or run for real, or says which command would.
set -euo pipefail

missing=()
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
need() { # need COMMAND PACKAGE
	command -v "$1" >/dev/null || missing+=("$2")
}
need gcc gcc # and libc6-dev: the race detector needs cgo
[ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
need redis-server redis-server
need prometheus prometheus
if [ "$(id -u)" = 0 ]; then # real containers need root; without it the full cluster is out of reach anyway
	need containerd containerd
	need runc runc
	need iptables iptables
	need conntrack conntrack
	need ip iproute2
	[ -d /usr/lib/cni ] || missing+=(containernetworking-plugins)
fi
if ! command -v terraform >/dev/null; then
	echo "terraform is missing: install Terraform 1.8 or newer (developer.hashicorp.com/terraform/install)" >&2
	exit 1
fi
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	# Packages must not start services of their own on a developer's machine: tests start what they need.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy
		trap 'rm -f $policy' EXIT
	fi
	apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
	exit 0
fi
echo "missing: ${missing[*]}; install with: sudo apt-get install -y ${missing[*]}" >&2
exit 1
