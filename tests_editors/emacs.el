;;; emacs.el --- What the tests of Emacs are written with  -*- lexical-binding: t -*-

;;; Commentary:
;; Emacs has no command loop in batch mode: what it does after a command, and when it is idle, is done here.

;;; Code:

(require 'cl-lib)
(require 'flymake)
(require 'json)

(defun wait-for (what condition)
  "Wait for CONDITION to become true, which is WHAT; its value."
  (let ((until (+ (float-time) 20)) value)
    (while (not (setq value (funcall condition)))
      (when (> (float-time) until) (error "Waited in vain for %s" what))
      (accept-process-output nil 0.01))
    value))

(defun visit (file)
  "Open FILE as a person does, and wait for the server."
  (find-file file)
  (run-hooks 'post-command-hook)
  (wait-for "the server" #'eglot-current-server)
  (run-hooks 'post-command-hook)
  (flymake-start nil))

(defun diagnostics (count)
  "Wait for COUNT diagnostics of the current buffer."
  (wait-for (format "%d diagnostics" count)
            (lambda ()
              (let ((all (flymake-diagnostics)))
                (when (= (length all) count) (or all t))))))

(defun child-of (parent)
  "The process that PARENT has started."
  (wait-for "a child"
            (lambda ()
              (cl-find (process-id parent) (list-system-processes)
                       :key (lambda (process) (alist-get 'ppid (process-attributes process)))))))

(defun save-without (server)
  "Type and save, while the process SERVER does not answer; the seconds that the save took."
  (signal-process server 'SIGSTOP)
  (unwind-protect
      (let ((began (float-time)))
        (goto-char (point-min))
        (insert "x = 1\n")
        (save-buffer)
        (- (float-time) began))
    (signal-process server 'SIGKILL)))

(defun note-what (test result)
  "Evaluate the file TEST, and write into the file RESULT what it returns or what went wrong."
  (let* ((coding-system-for-read 'utf-8)
         (coding-system-for-write 'utf-8)
         (form (with-temp-buffer (insert-file-contents test) (read (current-buffer))))
         (seen (condition-case problem
                   (vector t (eval form t))
                 (error (vector :json-false (error-message-string problem))))))
    (with-temp-file result (insert (json-encode seen)))))

;;; emacs.el ends here
