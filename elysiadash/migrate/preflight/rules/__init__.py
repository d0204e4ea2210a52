"""The rules of the preflight: functions of the facts that give findings, by what they look at."""
