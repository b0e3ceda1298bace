#!/bin/bash
# A worker on each node of a job, and the coordinator on the first: sbatch --nodes=4 packaging/cluster/slurm.sh my.yaml
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --time=1:00:00
set -euo pipefail
config=${1:?a config, whose data lies on a file system that all nodes share}
data=${2:-$PWD}

umask 077
secrets=$(mktemp -d "$PWD/bench-secrets.XXXXXX") # on the shared file system
head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$secrets/token"
nodes=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
names=()
urls=()
for node in $nodes; do
  names+=(--tls-name "$node")
  urls+=("https://$node:7000")
done
# One authority for all nodes; the first worker makes it.
first=$(head -n1 <<<"$nodes")
srun --nodes=1 --ntasks=1 --nodelist="$first" --overlap timeout 2 bench worker --listen "127.0.0.1:0" --token-file "$secrets/token" \
  --tls-generate "$secrets/tls" "${names[@]}" >/dev/null || true
srun --ntasks-per-node=1 --overlap bench worker --listen "0.0.0.0:7000" --allow "$data" --token-file "$secrets/token" \
  --tls-generate "$secrets/tls" "${names[@]}" &
trap 'kill %1; wait; rm -r "$secrets"' EXIT
for url in "${urls[@]}"; do
  address=${url#https://}
  until (: <"/dev/tcp/${address%:*}/${address#*:}") 2>/dev/null; do sleep 1; done
done
bench run "$config" --workers "$(IFS=,; echo "${urls[*]}")" --token-file "$secrets/token" --tls-ca "$secrets/tls/ca.pem"
