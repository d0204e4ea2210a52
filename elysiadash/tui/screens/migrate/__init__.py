"""Screen 3: the jobs, the wizard of a migration, and the view of one job."""
