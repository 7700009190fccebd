#!/bin/bash
# Slurm: one process a GPU, on as many nodes as asked for. From the project's folder:
#     sbatch launch/slurm.sh transformer --steps 20000 --batch-size 1024 --folder runs/transformer
# JAX reads from Slurm's variables who takes part. The folder must lie on a disk that all nodes see.
#SBATCH --job-name=karpa
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --signal=INT@120
#SBATCH --requeue
#SBATCH --output=karpa-%j.log

# --signal: two minutes before the time is over each process gets an interrupt; the run saves and
# ends. --requeue: after a node's failure Slurm starts the job again, and it goes on from there.
set -eu
# Since Slurm 22.05 srun does not take --cpus-per-task from above.
exec srun --cpus-per-task="${SLURM_CPUS_PER_TASK:-8}" .venv/bin/python launch/train.py "$@" --many
