#!/bin/bash
# Trains on four machines of eight GPUs: sbatch docs/slurm.sh
# Two minutes before its time ends a job gets SIGTERM, saves, and is queued again.
#SBATCH --job-name=zoo-train
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-task=8
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

# When a task ends, the others get two minutes, since worker 0 may still be saving.
code=0
srun --cpus-per-task="$SLURM_CPUS_PER_TASK" --kill-on-bad-exit=0 --wait=120 \
  zoo train \
  --model=resnet50 \
  --data="$SCRATCH/shards" \
  --distribution=multiworker \
  --cluster=slurm \
  --batch_size=1024 \
  --worker_timeout=900 \
  --output="$SCRATCH/runs/resnet50" \
  || code=$?
# 130: stopped. 128 and more: killed. Less: an error that would come again, so the job is not queued.
if ((code < 128 || ${SLURM_RESTART_COUNT:-0} >= 100)); then
  exit "$code"
fi
scontrol requeue "$SLURM_JOB_ID"
