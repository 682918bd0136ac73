#!/bin/bash
# Trains on four machines of eight GPUs: sbatch docs/slurm.sh
# A job that is taken away gets SIGTERM two minutes before, saves, and is queued again.
#SBATCH --job-name=zoo-train
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-task=8
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

# One lost task ends the step: the others could not go on without it.
srun --kill-on-bad-exit=1 \
  zoo train \
  --model=resnet50 \
  --data="$SCRATCH/shards" \
  --distribution=multiworker \
  --cluster=slurm \
  --batch_size=1024 \
  --worker_timeout=900 \
  --output="$SCRATCH/runs/resnet50" \
  || scontrol requeue "$SLURM_JOB_ID"
