"""What can be done with voices, speech, jobs and clips: one function an action, for REST, pages and admin alike."""
